/** The command that asks gaps again. */
import { assert, describe, it } from "@effect/vitest"
import { ofArguments, ofRun } from "../../src/cli/AgainCommand.ts"

describe("the command that asks gaps again", () => {
  it("is that of the run, with --reuse where the run has ended", () => {
    const given = ["run", "my plan.yaml", "--fresh", "-j", "2"]
    assert.strictEqual(ofArguments(given, true), "fanfold run 'my plan.yaml' -j 2 --reuse")
    assert.strictEqual(ofArguments(given, false), "fanfold run 'my plan.yaml' -j 2")
    assert.strictEqual(ofArguments(["run", "a.yaml", "--reuse"], true), "fanfold run a.yaml --reuse")
  })

  it("has no user and password of a database in it", () => {
    const command = ofArguments(
      ["run", "a.yaml", "--journal=postgres://me:secret@db.example/f?password=hidden&x=1"],
      true
    )
    assert.notMatch(command, /secret|hidden|me:/)
  })

  it("is made of what the journal knows of a run", () => {
    const run = { id: "0k3x", journal: undefined, plan: "a.yaml", hasEnded: true, isSimulated: true }
    assert.strictEqual(ofRun(run), "fanfold run a.yaml --reuse --offline")
    assert.strictEqual(ofRun({ ...run, hasEnded: false, isSimulated: false }), "fanfold runs resume 0k3x")
    assert.strictEqual(
      ofRun({ ...run, journal: "/j.sqlite" }),
      "fanfold run a.yaml --reuse --journal /j.sqlite --offline"
    )
    assert.isUndefined(ofRun({ ...run, plan: undefined }))
  })
})
