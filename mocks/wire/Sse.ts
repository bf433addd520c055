/** Server-sent events as the API writes them. */

const encoder = new TextEncoder()

/** Writes one event. `padding` spaces (0 to 15 in the API) go before the last brace of its data; `ping` has none. */
export const text = (name: string, data: Readonly<Record<string, unknown>>, padding: number): string => {
  if (name === "ping") return 'event: ping\ndata: {"type": "ping"}\n\n'
  const json = JSON.stringify(data)
  return `event: ${name}\ndata: ${json.slice(0, -1)}${" ".repeat(padding)}}\n\n`
}

/** Encodes text as UTF-8. */
export const bytes = (chunk: string): Uint8Array<ArrayBuffer> => encoder.encode(chunk)
