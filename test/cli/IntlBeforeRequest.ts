/** Preloaded by a process: when it opens its first socket, writes which classes of `Intl` it has made objects of, and ends it. */
import { subscribe } from "node:diagnostics_channel"
import { writeSync } from "node:fs"

const made: Array<string> = []

const classes = Intl as unknown as Record<string, unknown>
for (const name of Object.getOwnPropertyNames(Intl)) {
  const original = classes[name]
  if (typeof original !== "function" || !/^[A-Z]/.test(name)) continue
  classes[name] = new Proxy(original, {
    construct: (target, args, newTarget) => {
      made.push(name)
      return Reflect.construct(target, args, newTarget) as object
    }
  })
}

subscribe("net.client.socket", () => {
  writeSync(1, JSON.stringify(made))
  process.exit(0)
})
