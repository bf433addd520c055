/** Server-sent events as the API writes them. */

const encoder = new TextEncoder()

/** Gives the text of one event. The API pads every event but `ping` with 0 to 15 spaces before its last brace. */
export const text = (name: string, data: Readonly<Record<string, unknown>>, padding: number): string => {
  if (name === "ping") return 'event: ping\ndata: {"type": "ping"}\n\n'
  const json = JSON.stringify(data)
  return `event: ${name}\ndata: ${json.slice(0, -1)}${" ".repeat(padding)}}\n\n`
}

/** Encodes text as UTF-8. */
export const bytes = (chunk: string): Uint8Array<ArrayBuffer> => encoder.encode(chunk)
