/** A server that sends HTTP/2 frames as a test writes them, as bytes of a socket. */
import type { Duplex } from "node:stream"

const frame = (type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const endStream = 1
const endHeaders = 4

/** A field as HPACK writes it without compression; names and values have at most 126 bytes. */
const field = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)])

export const headers = (id: number, fields: Readonly<Record<string, string>>, ends = false): Buffer =>
  frame(
    1,
    endHeaders | (ends ? endStream : 0),
    id,
    Buffer.concat(Object.entries(fields).map(([name, value]) => field(name, value)))
  )

export const data = (id: number, bytes: Buffer, ends = false): Buffer => frame(0, ends ? endStream : 0, id, bytes)
export const reset = (id: number, code: number): Buffer => frame(3, 0, id, uint32(code))
export const goaway = (lastId: number, code: number): Buffer =>
  frame(7, 0, 0, Buffer.concat([uint32(lastId), uint32(code)]))

const preface = 24

/** Calls `onRequest` with the id of each request, once its headers are there, or all of it. */
export const answer = (socket: Duplex, moment: "early" | "complete", onRequest: (id: number) => void): void => {
  let bytes = Buffer.alloc(0)
  let isStarted = false
  socket.on("error", () => {})
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    if (!isStarted && bytes.length >= preface) {
      isStarted = true
      bytes = bytes.subarray(preface)
      socket.write(frame(4, 0, 0))
    }
    if (!isStarted) return
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const [type, flags, id] = [bytes[3]!, bytes[4]!, bytes.readUInt32BE(5)]
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3))
      if (type === 4 && flags === 0) socket.write(frame(4, 1, 0))
      const isDue = moment === "early" ? type === 1 : type <= 1 && (flags & endStream) > 0
      if (isDue) onRequest(id)
    }
  })
}
