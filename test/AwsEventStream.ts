/** The framing in which Amazon Bedrock streams: `application/vnd.amazon.eventstream`. */
import type { ServerResponse } from "node:http"
import { crc32 } from "node:zlib"

/** One frame: total length, length of the headers, their checksum, headers, payload, checksum. */
const frame = (headers: Readonly<Record<string, string>>, payload: string): Buffer => {
  const fields = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      // 7 is the type of a string.
      const head = Buffer.from([name.length, ...Buffer.from(name), 7, 0, 0])
      head.writeUInt16BE(value.length, head.length - 2)
      return Buffer.concat([head, Buffer.from(value)])
    })
  )
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + fields.length + body.length, 0)
  prelude.writeUInt32BE(fields.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, fields, body])
  const end = Buffer.alloc(4)
  end.writeUInt32BE(crc32(message))
  return Buffer.concat([message, end])
}

/** A chunk: an event of the API's own, in Base64. */
const chunk = (data: string): Buffer =>
  frame(
    { ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json" },
    JSON.stringify({ bytes: Buffer.from(data).toString("base64") })
  )

/** The events of a text of server-sent events, each as a chunk. */
export const chunksOf = (events: string): Buffer =>
  Buffer.concat([...events.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => chunk(data)))

/** An error within a stream. */
export const exception = (type: string, message: string): Buffer =>
  frame(
    { ":message-type": "exception", ":exception-type": type, ":content-type": "application/json" },
    JSON.stringify({ message })
  )

export const startFrames = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-requestid": "req_aws"
  })
