/** The address of a PostgreSQL database as libpq has it: `postgres://user:password@host:5432/database?sslmode=require`. */
import { Redacted, Result } from "effect"
import type { ConnectionOptions } from "node:tls"
import { JournalError } from "../Journal.ts"

export interface Address {
  readonly url: Redacted.Redacted
  /** For messages: host, port and database, without user and password. */
  readonly place: string
  /** Whether connections are encrypted, in the order in which it is tried. */
  readonly tls: ReadonlyArray<false | ConnectionOptions>
  readonly hasPassword: boolean
}

const defaultPort = "5432"

const invalid = (why: string) => new JournalError({ message: `the address of the database: ${why}` })

/** Fails where it is no such address. No message has any part of it, as any may be a piece of the password. */
export const parse = (given: string | Redacted.Redacted): Result.Result<Address, JournalError> =>
  Result.try({
    try: () => of(new URL(withHost(Redacted.isRedacted(given) ? Redacted.value(given) : given))),
    catch: (error) =>
      error instanceof JournalError
        ? error
        : invalid(
            "expected postgres://USER:PASSWORD@HOST:PORT/DATABASE; in a password, : / ? # @ and % are written %3A %2F …"
          )
  })

/** Where the host is a parameter, libpq takes an empty one after a user, too, which a `URL` does not. */
const withHost = (text: string): string => text.replace(/^([a-z]+:\/\/[^@/?#]*@)(?=[/?:]|$)/i, "$1localhost")

const of = (url: URL): Address => {
  const given = url.searchParams
  const [host, port] = [given.get("host") ?? decoded(url.hostname), given.get("port") ?? url.port]
  if (host.includes(",")) throw invalid("expected one host")
  const database = given.get("dbname") ?? decoded(url.pathname.slice(1))
  const isSocket = host.startsWith("/")
  const shown = isSocket
    ? ""
    : `${host === "" ? "localhost" : host.includes(":") ? `[${host}]` : host}:${port === "" ? defaultPort : port}`
  const socket = isSocket ? `?host=${host}${port === "" ? "" : `&port=${port}`}` : ""
  return {
    url: Redacted.make(url.href, { label: "address" }),
    place: `postgres://${shown}/${database}${socket}`,
    tls: isSocket ? [false] : tlsOf(given),
    hasPassword: url.password !== "" || given.has("password")
  }
}

const decoded = (text: string): string => decodeURIComponent(text).replace(/^\[(.*)\]$/, "$1")

/** As libpq: only `verify-…` and a root certificate make it check the server's; without a mode, TLS is taken where it is offered. */
const tlsOf = (given: URLSearchParams): Address["tls"] => {
  const root = given.get("sslrootcert")
  const own = { ...file(given, "sslcert", "cert"), ...file(given, "sslkey", "key") }
  const ca = root === null || root === "system" ? {} : file(given, "sslrootcert", "ca")
  const unchecked = { ...own, rejectUnauthorized: false }
  switch (given.get("sslmode") ?? "prefer") {
    case "disable":
      return [false]
    case "allow":
      return [false, unchecked]
    case "prefer":
      return [unchecked, false]
    case "require":
      return root === null ? [unchecked] : [{ ...own, ...ca, checkServerIdentity: () => undefined }]
    case "verify-ca":
      return [{ ...own, ...ca, checkServerIdentity: () => undefined }]
    case "verify-full":
      return [{ ...own, ...ca }]
    default:
      throw invalid("sslmode is disable, allow, prefer, require, verify-ca or verify-full")
  }
}

const file = (given: URLSearchParams, name: string, option: "ca" | "cert" | "key"): ConnectionOptions => {
  const path = given.get(name)
  if (path === null) return {}
  const read = Result.try(() => process.getBuiltinModule("node:fs").readFileSync(path))
  if (Result.isFailure(read)) throw invalid(`the file of ${name} cannot be read`)
  return { [option]: read.success }
}
