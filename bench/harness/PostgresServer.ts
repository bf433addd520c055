/**
 * A real PostgreSQL in a temporary folder, on a socket and a port of loopback. It ends with the process that serves it, also where
 * that is killed: its parent is a shell that waits for the end of its standard input.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, chownSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Where Debian and Ubuntu, RPMs, Homebrew, and others have the programs of the server. */
const folders = [
  "/usr/lib/postgresql/*/bin",
  "/usr/pgsql-*/bin",
  "/opt/homebrew/opt/postgresql*/bin",
  "/usr/local/bin",
  "/usr/bin"
]

/** The folder of `initdb` and `postgres`, the newest where there are several. */
const programs = folders
  .flatMap((folder) => globSync(folder).toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })))
  .find((folder) => existsSync(join(folder, "initdb")))

export const isInstalled = programs !== undefined

/** PostgreSQL does not run as root. */
const owner = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const nobody = /^nobody:[^:]*:(\d+):(\d+)/m.exec(readFileSync("/etc/passwd", "utf8"))
  return { uid: Number(nobody?.[1] ?? 65_534), gid: Number(nobody?.[2] ?? 65_534) }
}

/** Gives a file or folder to whom the server runs as. */
export const owned = (path: string): void => {
  const as = owner()
  if (as !== undefined) chownSync(path, as.uid, as.gid)
  chmodSync(path, 0o700)
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** The password of the user `owner`, which has something to encode in an address. */
export const password = "s3cret:/@%"

export interface Server {
  readonly port: number
  /** Its sockets are here. */
  readonly folder: string
  /** The address of a database that exists, as its owner. */
  readonly url: (database: string) => string
  /** Runs statements as the superuser, and gives their output. */
  readonly sql: (statements: string, database?: string) => string
  /** Creates a database, empty or a copy of another one, and gives its address. */
  readonly newDatabase: (template?: string) => string
  readonly start: () => Promise<void>
  /** `immediate`: as if its machine had lost its power. */
  readonly stop: (mode?: "fast" | "immediate") => Promise<void>
  readonly remove: () => Promise<void>
}

/** Makes a server, and starts it. `settings`: lines of its configuration. */
export const serve = async (settings: ReadonlyArray<string> = []): Promise<Server> => {
  const bin = programs!
  const as = owner()
  const folder = mkdtempSync(join(tmpdir(), "fanfold-pg-"))
  const data = join(folder, "data")
  mkdirSync(data, 0o700)
  chmodSync(folder, 0o755)
  if (as !== undefined) for (const each of [folder, data]) chownSync(each, as.uid, as.gid)
  const options = { cwd: folder, ...as, env: { PATH: process.env["PATH"], LC_ALL: "C" } }
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], options)
  // The superuser needs no password at the socket, and all others need theirs everywhere.
  const rules = "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
  execFileSync("sh", ["-c", `printf '%s' "$1" > data/pg_hba.conf`, "sh", rules], options)
  const port = await freePort()
  let running: ChildProcess | undefined
  const ready = () => {
    try {
      execFileSync(join(bin, "pg_isready"), ["-q", "-h", folder, "-p", String(port)], options)
      return true
    } catch {
      return false
    }
  }
  const start = async () => {
    const args = [
      `listen_addresses=127.0.0.1`,
      `unix_socket_directories=${folder}`,
      `port=${port}`,
      "max_connections=60",
      ...settings
    ]
    // The shell ends the server, and removes its folder, when its own standard input ends, which the system closes with the
    // process that serves it.
    const orphaned = `cat; trap '' TERM; kill -INT $server && while kill -0 $server; do sleep 0.1; done; rm -rf '${folder}'`
    const script = `"$@" & server=$!; { ${orphaned}; } <&3 2>/dev/null & cat=$!; wait $server; code=$?; kill $cat; exit $code`
    const child = spawn(
      "sh",
      ["-c", `exec 3<&0; ${script}`, "sh", join(bin, "postgres"), "-D", data, ...args.flatMap((each) => ["-c", each])],
      { ...options, stdio: ["pipe", "ignore", "pipe"] }
    )
    let log = ""
    child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)))
    running = child
    for (let n = 0; !ready(); n++) {
      if (child.exitCode !== null || n > 300) throw new Error(`PostgreSQL does not start: ${log}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const stop = async (mode: "fast" | "immediate" = "fast") => {
    const child = running
    running = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once("exit", resolve))
    const pid = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0])
    process.kill(pid, mode === "fast" ? "SIGINT" : "SIGQUIT")
    await ended
  }
  const sql = (statements: string, database = "postgres") =>
    execFileSync(
      join(bin, "psql"),
      [
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        folder,
        "-p",
        String(port),
        "-U",
        "postgres",
        "-d",
        database,
        "-c",
        statements
      ],
      { ...options, encoding: "utf8" }
    ).trim()
  const url = (database: string) => `postgres://owner:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
  let databases = 0
  await start()
  sql(`CREATE ROLE owner LOGIN PASSWORD '${password}'`)
  return {
    port,
    folder,
    url,
    sql,
    newDatabase: (template = "template1") => {
      const name = `d${databases++}`
      sql(`CREATE DATABASE ${name} OWNER owner TEMPLATE ${template}`)
      return url(name)
    },
    start,
    stop,
    remove: async () => {
      await stop("immediate")
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
