/** Compares the mock with recorded traffic of the API, and prints the share of equal shapes. */
import { assert, describe, it } from "@effect/vitest"
import { clock, mockClaude } from "fanfold/mocks"
import * as Recording from "./Recording.ts"
import * as SseEvents from "../SseEvents.ts"
import * as Shape from "./Shape.ts"
import { listOf, objectOf, type UncheckedJson } from "../../../mocks/wire/UncheckedJson.ts"

/** Headers that the edge or the connection sets, and `retry-after`, which has no meaning on a 200. */
const notCompared =
  /^(cf-|x-cloud|x-envoy|via$|server$|server-timing$|connection$|content-encoding$|content-length$|transfer-encoding$|set-cookie$|date$|retry-after$)/

const headerDifferences = (recorded: Record<string, string>, mock: Headers): ReadonlyArray<string> =>
  Object.keys(recorded)
    .map((name) => name.toLowerCase())
    .filter((name) => !notCompared.test(name) && !mock.has(name))
    .map((name) => `header ${name} is missing`)

const parseBody = async (response: Response): Promise<unknown> => {
  const text = await response.text()
  const type = response.headers.get("content-type") ?? ""
  if (type.startsWith("text/event-stream")) return SseEvents.eventsOf(text)
  return type === "application/x-jsonl"
    ? text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : JSON.parse(text)
}

const recordedBody = ({ kind, response }: Recording.Recording): unknown => {
  if (kind === "messages_stream") return SseEvents.eventsOf(String(response.body))
  if (kind !== "batches_results") return response.body
  return typeof response.body === "string"
    ? response.body
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [response.body]
}

const streamDifferences = (
  recorded: ReadonlyArray<SseEvents.SseEvent>,
  mock: ReadonlyArray<SseEvents.SseEvent>
): ReadonlyArray<string> => {
  const mockOrder = Shape.order(mock)
  const recordedOrder = Shape.order(recorded)
  return [
    ...(mockOrder === recordedOrder ? [] : [`order: ${mockOrder} instead of ${recordedOrder}`]),
    ...Shape.differences(
      recorded.map(({ data }) => data),
      mock.map(({ data }) => data)
    )
  ]
}

const send = (
  claude: ReturnType<typeof mockClaude>,
  recording: Recording.Recording,
  path?: string
): Promise<Response> => {
  const { headers, method, raw, url } = recording.request
  const key = recording.response.status === 401 ? "invalid" : "offline"
  const body = raw === null || raw === "" || raw === undefined ? null : JSON.stringify(raw)
  return claude.fetch(path === undefined ? url : new URL(path, url), {
    method,
    body,
    headers: { authorization: `Bearer ${key}`, "anthropic-beta": headers["anthropic-beta"] ?? "" }
  })
}

/** Makes a batch of the recorded size and status, and gives its path. */
const batchLike = async (
  recording: Recording.Recording,
  claude: ReturnType<typeof mockClaude>,
  time: clock.Manual
): Promise<string> => {
  const results = recording.kind === "batches_results"
  const counts = objectOf(objectOf(recording.response.body)?.["request_counts"]) ?? {}
  const size = results
    ? listOf(recordedBody(recording)).length
    : Object.values(counts).reduce<number>((sum, n) => sum + Number(n), 0)
  const requests = Array.from({ length: size }, (_, index) => ({
    custom_id: String(index),
    params: {
      model: "claude-haiku-4-5",
      max_tokens: 10,
      messages: [{ role: "user", content: `What is ${index} + 1?` }]
    }
  }))
  const url = "https://api.anthropic.com/v1/messages/batches"
  const headers = { authorization: "Bearer offline" }
  const made = await claude.fetch(url, { method: "POST", headers, body: JSON.stringify({ requests }) })
  const { id } = (await made.json()) as { id: string }
  if (results || objectOf(recording.response.body)?.["processing_status"] === "ended") await time.advance(120_000)
  return `/v1/messages/batches/${id}${results ? "/results" : ""}`
}

/** Compares one recording. With `withContent`, the mock replies with the recorded content, so that the shape around it is compared. */
const compare = async (recording: Recording.Recording, withContent: boolean): Promise<ReadonlyArray<string>> => {
  const time = clock.manual(Date.UTC(2026, 10, 22))
  const claude = mockClaude({ apiVersion: "2023-06-01", clock: time })
  const body = recordedBody(recording)
  const streamed = recording.kind === "messages_stream"
  if (withContent && recording.kind.startsWith("messages")) {
    const events = streamed ? (body as ReadonlyArray<SseEvents.SseEvent>) : []
    const message = streamed ? undefined : (body as UncheckedJson)
    const stop = streamed ? objectOf(events.find(({ name }) => name === "message_delta")?.data["delta"]) : message
    claude.when({}).reply({
      $content: (message?.["content"] ?? SseEvents.contentOf(events)) as never,
      $stop: String(stop?.["stop_reason"])
    })
  }
  const path = recording.kind.startsWith("batches") ? await batchLike(recording, claude, time) : undefined
  const response = await send(claude, recording, path)
  if (response.status !== recording.response.status) {
    return [
      `status ${response.status} instead of ${recording.response.status}: ${(await response.text()).slice(0, 200)}`
    ]
  }
  const mock = await parseBody(response)
  return [
    ...headerDifferences(recording.response.headers, response.headers),
    ...(streamed ? streamDifferences(body as never, mock as never) : Shape.differences(body, mock))
  ]
}

const tally = async (recordings: ReadonlyArray<Recording.Recording>, withContent: boolean) => {
  const rows = new Map<string, { total: number; same: number; served: number }>()
  const reasons = new Map<string, Array<string>>()
  for (const recording of recordings) {
    const row = rows.get(recording.kind) ?? { total: 0, same: 0, served: 0 }
    const found = await compare(recording, withContent)
    row.total++
    if (found.length === 0) row.same++
    if (!found.some((difference) => difference.startsWith("status"))) row.served++
    rows.set(recording.kind, row)
    for (const difference of found) {
      const reason = `${recording.kind}: ${difference}`
      reasons.set(reason, [...(reasons.get(reason) ?? []), recording.file])
    }
  }
  return { rows, reasons }
}

const print = (title: string, { reasons, rows }: Awaited<ReturnType<typeof tally>>, shownReasons: number): void => {
  console.log(`\n${title}`)
  console.table(
    Object.fromEntries(
      [...rows].map(([kind, { same, served, total }]) => [
        kind,
        { recorded: total, served, "same shape": same, percent: Math.round((1000 * same) / total) / 10 }
      ])
    )
  )
  const sorted = [...reasons].toSorted(([, a], [, b]) => b.length - a.length)
  for (const [reason, files] of sorted.slice(0, shownReasons)) console.log(`${files.length} × ${reason} (${files[0]})`)
  if (sorted.length > shownReasons) console.log(`… and ${sorted.length - shownReasons} more reasons`)
}

describe.skipIf(!Recording.present)("the mock and the recorded API", () => {
  const recordings = Recording.present ? Recording.all() : []

  it(
    "serves at least 95 % of the recorded requests, and has the recorded shape when it replies with the recorded content",
    { timeout: 120_000 },
    async () => {
      const replayed = await tally(recordings, true)
      print("Conformance when the mock replies with the recorded content", replayed, 30)
      for (const [kind, { same, served, total }] of replayed.rows) {
        assert.isAtLeast(served / total, 0.95, `${kind} served`)
        assert.isAtLeast(same / total, 0.99, `${kind} same shape`)
      }
    }
  )

  it("chooses blocks by itself as recorded in at least 80 % of the replies", { timeout: 120_000 }, async () => {
    const alone = await tally(recordings, false)
    print("Conformance when the mock chooses the content by itself", alone, 12)
    const message = alone.rows.get("messages_json")
    assert.isAtLeast((message?.same ?? 0) / (message?.total ?? 1), 0.8)
  })
})

it.skipIf(Recording.present)(
  `is not compared with recordings, as there are none in ${Recording.folder} (set FANFOLD_RECORDINGS)`,
  () => {}
)
