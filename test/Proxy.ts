/** A proxy on loopback: forwards plain requests, tunnels the rest, and keeps book of both. */
import { once } from "node:events"
import { createServer, request as forward } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { Effect } from "effect"

/** Serves until the scope closes; `seen` lists what it was asked for, such as `CONNECT localhost:443`. */
export const serveProxy = Effect.gen(function* () {
  const seen: Array<string> = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    const { headers, method, url } = incoming
    const onward = forward(url!, { method: method!, headers }, (response) => {
      outgoing.writeHead(response.statusCode!, response.headers)
      response.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  server.on("connection", (socket) => sockets.add(socket))
  server.on("connect", (incoming, socket: Socket, head) => {
    seen.push(`CONNECT ${incoming.url}`)
    const target = new URL(`tcp://${incoming.url}`)
    const onward = connect(Number(target.port), target.hostname, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      onward.write(head)
      socket.pipe(onward)
      onward.pipe(socket)
    })
    sockets.add(onward)
    for (const each of [socket, onward]) each.on("error", () => {})
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
    () =>
      Effect.promise(() => {
        for (const socket of sockets) socket.destroy()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      })
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
})
