/** Preloaded by a process whose clock is wrong by so many milliseconds. */
const shift = Number(process.env["CLOCK_SHIFT_MILLIS"] ?? 0)

const RealDate = Date
const now = () => RealDate.now() + shift

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown))
})
