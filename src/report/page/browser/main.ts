/** Starts the page in a browser. */
import { h, render } from "preact"
import { App } from "./App.ts"
import { served } from "./Served.ts"
import { embedded, type Source } from "./Source.ts"

const start = async (source: Source): Promise<void> => {
  const root = document.querySelector("#page") ?? document.body.appendChild(document.createElement("main"))
  const draw = async () => {
    const view = await source.view()
    render(h(App, { view, source }), root)
  }
  const plain = [...root.childNodes]
  const view = await source.view()
  for (const node of plain) node.remove()
  render(h(App, { view, source }), root)
  source.onChange?.(() => void draw())
  performance.mark("usable")
  document.documentElement.dataset["ready"] = "true"
}

const source = embedded() ?? served()
if (source !== undefined) void start(source)
