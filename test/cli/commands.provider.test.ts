/** `--provider` and `--auth`: Claude at a cloud and behind a gateway, as processes, with the real packages and credentials of no account. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { chunksOf, startFrames } from "../AwsEventStream.ts"
import { secret } from "../Clouds.ts"
import { apiError, begun, continued, json, message, startStream, stopped } from "../Loopback.ts"
import { isInstalled, server as postgresServer } from "../Postgres.ts"
import { newHome } from "./PostgresHome.ts"
import { fanfold, folders, key, start } from "./Process.ts"

const folder = folders()
const postgres = postgresServer()

interface Arrived {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** A server that speaks the wire of Bedrock, Vertex AI and the API, as the path says; `status` is that of each answer. */
const serving = async (status = 200) => {
  const arrived: Array<Arrived> = []
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const { headers, url: path = "" } = request
      arrived.push({ path, headers })
      const events = begun + continued + stopped
      if (path === "/token") json(response, 200, { access_token: secret, token_type: "Bearer", expires_in: 3600 })
      else if (status !== 200) json(response, status, apiError("x", `who is ${String(headers.authorization)}?`))
      else if (path.endsWith("-stream")) startFrames(response).end(chunksOf(events))
      else if (path.endsWith("streamRawPredict")) startStream(response).end(events)
      else json(response, 200, message("Paris"))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { arrived, url, [Symbol.asyncDispose]: async () => void server.close() }
}

const bedrock = (url: string) => ({
  ANTHROPIC_BEDROCK_BASE_URL: url,
  AWS_REGION: "eu-west-1",
  AWS_ACCESS_KEY_ID: "AKIAOFNOACCOUNT12345",
  AWS_SECRET_ACCESS_KEY: secret
})

/** Credentials of a workload, which are exchanged for a token at the server. */
const vertex = (url: string, cwd: string) => ({
  ANTHROPIC_VERTEX_BASE_URL: url,
  CLOUD_ML_REGION: "global",
  ANTHROPIC_VERTEX_PROJECT_ID: "of-no-account",
  GOOGLE_APPLICATION_CREDENTIALS: join(cwd, "credentials.json")
})
const vertexFiles = (url: string) => ({
  "subject.txt": "subject-token",
  "credentials.json": JSON.stringify({
    type: "external_account",
    audience: "//iam.googleapis.com/of-no-account",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${url}/token`,
    credential_source: { file: "subject.txt" }
  })
})

const question = ["ask", "Where?", "--journal", "runs.db", "--no-progress"]

describe.concurrent("--provider", { timeout: 60_000 }, () => {
  it("asks Amazon Bedrock by its names, signed, without a key of the API", async () => {
    await using server = await serving()
    const ran = await fanfold([...question, "--provider", "bedrock"], { cwd: folder({}), env: bedrock(server.url) })
    assert.deepStrictEqual([ran.code, ran.stdout.includes("Paris")], [0, true], ran.stderr)
    const [{ headers, path }] = server.arrived as [Arrived]
    assert.match(path, /^\/model\/global\.anthropic\.claude-haiku-5-5\/invoke/)
    assert.match(String(headers["authorization"]), /^AWS4-HMAC-SHA256 Credential=AKIAOFNOACCOUNT12345/)
    assert.notProperty(headers, "x-api-key")
    assert.notInclude(ran.stdout + ran.stderr, secret)
  })

  it("asks Vertex AI with a token of Google", async () => {
    await using server = await serving()
    const cwd = folder(vertexFiles(server.url))
    const plan = [...question, "--provider", "vertex"]
    const ran = await fanfold(plan, { cwd, env: vertex(server.url, cwd) })
    assert.deepStrictEqual([ran.code, ran.stdout.includes("Paris")], [0, true], ran.stderr)
    const { headers, path } = server.arrived.at(-1)!
    assert.match(
      path,
      /^\/projects\/of-no-account\/locations\/global\/publishers\/anthropic\/models\/claude-haiku-5-5:/
    )
    assert.strictEqual(headers["authorization"], `Bearer ${secret}`)
  })

  it("shows no token that a server echoes", async () => {
    await using server = await serving(400)
    const cwd = folder(vertexFiles(server.url))
    const ran = await fanfold([...question, "--provider", "vertex"], { cwd, env: vertex(server.url, cwd) })
    assert.strictEqual(ran.code, 1)
    assert.include(ran.stderr, "<key>")
    assert.notInclude(ran.stdout + ran.stderr, secret)
  })

  it("says what to install, to set and to leave out, and sends nothing", async () => {
    await using server = await serving()
    const preloads = [join(import.meta.dirname, "WithoutPackages.ts")]
    const env = bedrock(server.url)
    const cases = [
      [["--provider", "bedrock"], preloads, "npm install @anthropic-ai/bedrock-sdk"],
      [["--provider", "vertex"], preloads, "npm install @anthropic-ai/vertex-sdk"],
      [["--provider", "foundry"], preloads, "npm install @anthropic-ai/foundry-sdk"],
      [["--provider", "vertex"], [], "CLOUD_ML_REGION"],
      [["--provider", "foundry"], [], "ANTHROPIC_FOUNDRY_API_KEY"],
      [["--provider", "bedrock", "--batch"], [], "batch: Amazon Bedrock has no Message Batches: leave it out"],
      [["--provider", "bedrock", "--web-search"], [], "ask1: Amazon Bedrock has no web search: leave it out, or"],
      [["--provider", "bedrock", "--auth", "x-api-key"], [], "auth: Amazon Bedrock has credentials of its own"],
      [["--provider", "bedrock", "--record", "tape.jsonl"], [], "--record: only what is sent to the API"]
    ] as const
    for (const [flags, preloads, words] of cases) {
      const ran = await fanfold([...question, ...flags], { cwd: folder({}), env, preloads: [...preloads] })
      assert.deepStrictEqual([ran.code, ran.stdout], [2, ""], ran.stderr)
      assert.include(ran.stderr, words)
    }
    assert.deepStrictEqual(server.arrived, [])
  })

  it("is the key of a plan, too, without effect offline", async () => {
    await using server = await serving()
    const cwd = folder({ "plan.yaml": "provider: bedrock\nasks:\n  where: Where?\n" })
    const offline = await fanfold(["run", "plan.yaml", "--offline"], { cwd })
    assert.strictEqual(offline.code, 0, offline.stderr)
    const ran = await fanfold(["run", "plan.yaml"], { cwd, env: bedrock(server.url) })
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.strictEqual(server.arrived.length, 1)
  })

  it("names the cloud whose credentials are missing, and no key of the API", async () => {
    await using server = await serving()
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...without } = bedrock(server.url)
    const env = { ...without, AWS_EC2_METADATA_DISABLED: "true" }
    const ran = await fanfold([...question, "--provider", "bedrock"], { cwd: folder({}), env })
    assert.strictEqual(ran.code, 1, ran.stderr)
    assert.include(ran.stderr, "Check the credentials for Amazon Bedrock")
    assert.notInclude(ran.stderr, "ANTHROPIC_API_KEY")
    assert.strictEqual(server.arrived.length, 0)
  })
})

describe.skipIf(!isInstalled)("--provider of a worker", { timeout: 60_000 }, () => {
  it("answers asks of runs that ask this cloud, and says what to install", async () => {
    await using cloud = await serving()
    const address = await newHome(postgres())
    const options = { cwd: folder({}), env: bedrock(cloud.url) }
    const where = ["--journal", address, "--provider", "bedrock"]
    const preloads = [join(import.meta.dirname, "WithoutPackages.ts")]
    const without = await fanfold(["worker", ...where], { ...options, preloads })
    assert.strictEqual(without.code, 2)
    assert.include(without.stderr, "npm install @anthropic-ai/bedrock-sdk")
    const worker = start(["worker", ...where], options)
    const ran = await fanfold(["ask", "Where?", "--queue-places", "0", "--no-progress", ...where], options)
    worker.child.kill("SIGTERM")
    const { stderr } = await worker.ended
    assert.deepStrictEqual([ran.code, ran.stdout.includes("Paris")], [0, true], ran.stderr)
    assert.match(cloud.arrived[0]!.path, /^\/model\/global\.anthropic\.claude-haiku-5-5\/invoke/)
    assert.include(stderr, "1 answered")
  })
})

describe.concurrent("--auth", { timeout: 60_000 }, () => {
  it("sends the key as x-api-key alone", async () => {
    await using server = await serving()
    const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: server.url }
    const ran = await fanfold([...question, "--auth", "x-api-key"], { cwd: folder({}), env })
    assert.strictEqual(ran.code, 0, ran.stderr)
    const [{ headers }] = server.arrived as [Arrived]
    assert.deepStrictEqual([headers["x-api-key"], headers["authorization"]], [key, undefined])
  })

  it("is named by the error of a gateway that does not find the key", async () => {
    await using server = await serving(401)
    const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: server.url }
    const bearer = await fanfold(question, { cwd: folder({}), env })
    assert.include(bearer.stderr, "as a bearer token; if it reads x-api-key, use --auth x-api-key")
    const other = await fanfold([...question, "--auth", "x-api-key"], { cwd: folder({}), env })
    assert.include(other.stderr, "as x-api-key; if it reads a bearer token, use --auth bearer")
  })
})
