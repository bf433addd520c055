/** Preloaded by a process whose Claude is simulated: its time runs twenty times faster, and the test need not wait. */
const times = 20

const { setTimeout } = globalThis
const now = performance.now.bind(performance)

globalThis.setTimeout = ((run: () => void, millis = 0) => setTimeout(run, millis / times)) as typeof setTimeout
performance.now = () => now() * times
