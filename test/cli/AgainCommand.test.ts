/** The command that asks gaps again. */
import { assert, describe, it } from "@effect/vitest"
import { ofRun, ofTyped } from "../../src/cli/AgainCommand.ts"

const folder = "/home/me/my plans"
const typed = (...words: ReadonlyArray<string>) => ({ words, folder })

describe("the command that asks gaps again", () => {
  it("is that of the run in its folder, with --reuse where the run has ended", () => {
    const given = typed("run", "my plan.yaml", "--fresh", "--ui", "-j", "2", "-o", "out.md")
    const command = "cd '/home/me/my plans' && fanfold run 'my plan.yaml' -j 2 -o out.md"
    assert.strictEqual(ofTyped(given, true), `${command} --reuse`)
    assert.strictEqual(ofTyped(given, false), command)
    assert.match(ofTyped(typed("run", "a.yaml", "--reuse"), true), /run a.yaml --reuse$/)
  })

  it("has no user and password of a database in it", () => {
    const command = ofTyped(
      typed("run", "a.yaml", "--journal=postgres://me:secret@db.example/f?password=hidden&x=1"),
      true
    )
    assert.notMatch(command, /secret|hidden|me:/)
  })

  it("is made of what the journal knows of a run", () => {
    const run = {
      id: "0k3x",
      journal: undefined,
      plan: "/p/a.yaml",
      typed: undefined,
      hasEnded: true,
      isSimulated: true
    }
    assert.strictEqual(ofRun(run), "fanfold run /p/a.yaml --reuse --offline")
    assert.strictEqual(ofRun({ ...run, hasEnded: false, isSimulated: false }), "fanfold runs resume 0k3x")
    assert.strictEqual(
      ofRun({ ...run, journal: "/j.sqlite" }),
      "fanfold run /p/a.yaml --reuse --journal /j.sqlite --offline"
    )
    assert.isUndefined(ofRun({ ...run, plan: undefined }))
    const asked = { ...run, plan: undefined, typed: typed("ask", "sun?") }
    assert.strictEqual(ofRun(asked), "cd '/home/me/my plans' && fanfold ask 'sun?' --reuse")
    assert.strictEqual(
      ofRun({ ...asked, journal: "/j.sqlite" }),
      "cd '/home/me/my plans' && fanfold ask 'sun?' --reuse --journal /j.sqlite"
    )
    const named = { ...asked, typed: typed("ask", "sun?", "--journal=j.sqlite"), journal: "/j.sqlite" }
    assert.strictEqual(ofRun(named), "cd '/home/me/my plans' && fanfold ask 'sun?' --journal=j.sqlite --reuse")
    assert.strictEqual(ofRun({ ...asked, hasEnded: false }), "cd '/home/me/my plans' && fanfold ask 'sun?'")
  })
})
