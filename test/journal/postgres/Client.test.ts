/** Connections to a database with TLS, as libpq has its modes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import * as Address from "../../../src/journal/postgres/Address.ts"
import * as Client from "../../../src/journal/postgres/Client.ts"
import { testCertificate, testKey } from "../../Certificate.ts"
import { isInstalled, owned, server } from "../../Postgres.ts"

describe.skipIf(!isInstalled)("a connection", () => {
  const folder = mkdtempSync(join(tmpdir(), "fanfold-tls-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")]
  writeFileSync(key, testKey)
  writeFileSync(certificate, testCertificate)
  for (const each of [folder, key, certificate]) owned(each)
  const postgres = server(["ssl=on", `ssl_key_file=${key}`, `ssl_cert_file=${certificate}`])

  const isEncrypted = (parameters: string, host = "localhost") =>
    Effect.gen(function* () {
      const url = `${postgres().url("postgres").replace("127.0.0.1", host)}?${parameters}`
      const address = yield* Effect.fromResult(Address.parse(url))
      const sql = yield* Effect.map(Layer.build(Client.layer(address)), Context.get(SqlClient))
      const [row] = yield* sql<{ readonly ssl: boolean }>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
      return row!.ssl
    }).pipe(Effect.scoped, Effect.result)

  it.live.each([
    ["", true],
    ["sslmode=prefer", true],
    ["sslmode=require", true],
    ["sslmode=allow", false],
    ["sslmode=disable", false],
    [`sslmode=verify-full&sslrootcert=${certificate}`, true],
    [`sslmode=verify-ca&sslrootcert=${certificate}`, true]
  ] as const)("is encrypted where its address wants it: %s", ([parameters, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* isEncrypted(parameters), Result.succeed(expected))
    })
  )

  it.live.each(["sslmode=verify-full", "sslmode=verify-ca", `sslmode=require&sslrootcert=system`])(
    "is not made to a server that cannot prove who it is: %s",
    (parameters) =>
      Effect.gen(function* () {
        const result = yield* isEncrypted(parameters)
        assert.isTrue(Result.isFailure(result))
        assert.match(String(Result.getOrThrow(Result.flip(result))), /self-signed certificate/)
      })
  )
})
