/** The tables of a journal in PostgreSQL: made and upgraded by `fanfold journal init`. */
import { assert, describe, it } from "@effect/vitest"
import { version } from "../../../src/journal/postgres/Tables.ts"
import { isInstalled, password, server } from "../../Postgres.ts"
import { start } from "../../cli/Process.ts"

const init = (url: string, ...args: ReadonlyArray<string>) =>
  start(["journal", "init", "--journal", url, ...args]).ended

/** What messages may show of an address. */
const placeOf = (url: string) => url.replace(/\/\/.*@/, "//")

describe.skipIf(!isInstalled)("fanfold journal init", { timeout: 60_000 }, () => {
  const postgres = server()

  it("creates the tables, once also where two processes do it, and shows no password", async () => {
    const url = postgres().newDatabase()
    const place = placeOf(url)
    const [one, two] = await Promise.all([init(url), init(url)])
    assert.deepStrictEqual([one.code, two.code], [0, 0], `${one.stderr}${two.stderr}`)
    const again = await init(url)
    assert.strictEqual(again.stderr, `${place} had its tables already: fanfold run PLAN --journal postgres://…\n`)
    const tables = postgres().sql(
      "SELECT count(*) FROM pg_tables WHERE schemaname = 'fanfold'",
      place.split("/").at(-1)
    )
    assert.isAbove(Number(tables), 8)
    for (const { stderr, stdout } of [one, two, again]) {
      assert.notInclude(stderr + stdout, "s3cret")
      assert.notInclude(stderr + stdout, "owner")
    }
  })

  it("says what is wrong with a database that it cannot use", async () => {
    const { newDatabase, port, sql, url } = postgres()
    sql(`CREATE ROLE guest LOGIN PASSWORD '${password}'`)
    const database = newDatabase()
    const newer = newDatabase()
    assert.strictEqual((await init(newer)).code, 0)
    sql("INSERT INTO fanfold.migration VALUES (99, now(), 'tomorrow')", newer.split("/").at(-1))
    const cases: ReadonlyArray<readonly [string, string]> = [
      [url("missing"), "there is no such database"],
      [database.replace(/:[^:@]*@/, ":wrong@"), "its user or password is wrong"],
      [database.replace(/:[^:@]*@/, "@"), "the server asks for a password: give it in PGPASSWORD, or in the address"],
      [database.replace(String(port), "1"), "it cannot be reached: connect ECONNREFUSED 127.0.0.1:1"],
      [`${database}?sslmode=require`, "the server has no TLS, which sslmode asks for"],
      [database.replace("owner:", "guest:"), "it needs a user who may create a schema (GRANT CREATE ON DATABASE)"],
      [newer, `its tables are of a newer fanfold (version 99, not ${version})`]
    ]
    for (const [address, message] of cases) {
      const { code, stderr } = await init(address)
      assert.strictEqual(code, 1, stderr)
      assert.isTrue(stderr.includes(message), stderr)
      assert.include(stderr, `the journal ${placeOf(address).replace(/\?.*/, "")} cannot be`)
      assert.notInclude(stderr, "s3cret")
    }
    for (const wrong of ["postgres://a,b/db", "postgres://h:s3cret/db", "postgres://h/db?sslmode=s3cret"]) {
      const { code, stderr } = await init(wrong)
      assert.strictEqual(code, 1)
      assert.match(stderr, /^the address of the database: /)
      assert.notInclude(stderr, "s3cret")
    }
    assert.strictEqual((await init("journal.sqlite")).code, 2)
  })

  it("says whom it has given rights, and that a user must be there first", async () => {
    const { newDatabase, sql } = postgres()
    const url = newDatabase()
    const missing = await init(url, "--grant", "late")
    assert.strictEqual(missing.code, 1)
    assert.include(
      missing.stderr,
      'has its tables, but role "late" does not exist: no user has got rights: CREATE ROLE first, then type this again'
    )
    sql("CREATE ROLE late LOGIN")
    const { code, stderr } = await init(url, "--grant", "late")
    assert.strictEqual(code, 0)
    assert.include(stderr, " had its tables already, and late may use it: fanfold run PLAN")
  })

  it("gives a user the rights that runs need, and not those to change tables", async () => {
    const { newDatabase, sql } = postgres()
    sql(`CREATE ROLE "Run User" LOGIN PASSWORD '${password}'`)
    const url = newDatabase()
    const name = url.split("/").at(-1)!
    assert.strictEqual((await init(url, "--grant", "Run User")).code, 0)
    const as = (statements: string) => sql(`SET ROLE "Run User"; ${statements}`, name)
    as("INSERT INTO fanfold.run (id, plan, source, at) VALUES ('r', '', '', 1); DELETE FROM fanfold.run")
    assert.throws(() => as("ALTER TABLE fanfold.run ADD x integer"), /must be owner/)
    assert.throws(() => as("CREATE TABLE fanfold.x (y integer)"), /permission denied/)
  })

  it("takes addresses as libpq has them: sockets, parameters, PGPASSWORD", async () => {
    const { folder, newDatabase, port } = postgres()
    const name = newDatabase().split("/").at(-1)!
    const secret = encodeURIComponent(password)
    const addresses = [
      `postgresql:///${name}?host=${folder}&port=${port}&user=owner&password=${secret}`,
      `postgres://owner:${secret}@${encodeURIComponent(folder)}:${port}/${name}`,
      `postgres://owner:${secret}@/${name}?host=${folder}&port=${port}`,
      `postgres://owner@localhost:${port}/?dbname=${name}&connect_timeout=3`
    ]
    for (const [n, address] of addresses.entries()) {
      const { code, stderr } = await start(["journal", "init", "--journal", address], { env: { PGPASSWORD: password } })
        .ended
      assert.strictEqual(code, 0, stderr)
      const place = n < 3 ? `postgres:///${name}?host=${folder}&port=${port}` : `postgres://localhost:${port}/${name}`
      assert.include(stderr, place)
    }
  })
})
