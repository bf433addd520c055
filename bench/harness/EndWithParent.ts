/** Preloaded by a process of a test or a benchmark: it ends when its parent does, however that ends, by the pipe between them. */
import { Socket } from "node:net"

/** The descriptor of the pipe, of which only its end is read. */
const pipe = 3

new Socket({ fd: pipe, readable: true, writable: false })
  .on("error", () => {})
  .on("close", () => process.kill(process.pid, "SIGKILL"))
  .resume()
  .unref()
