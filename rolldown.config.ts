import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type Plugin } from "rolldown"
import { toJsonSchema } from "./src/plan/Plan.ts"

/** The licence of every package that ends up in the bundle, as each of them asks for. */
const licences: Plugin = {
  name: "licences",
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
    const folders = modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [])
    const texts = [...new Set(folders)].toSorted().map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
      const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
      const text = file === undefined || !existsSync(join(folder, file)) ? "" : readFileSync(join(folder, file), "utf8")
      return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}`
    })
    this.emitFile({ type: "asset", fileName: "LICENCES.txt", source: texts.join("\n\n---\n\n") })
  }
}

/** The plan's JSON Schema, for editors. */
const planSchema: Plugin = {
  name: "plan-schema",
  generateBundle() {
    const source = `${JSON.stringify(toJsonSchema(), undefined, 2)}\n`
    this.emitFile({ type: "asset", fileName: "plan.schema.json", source })
  }
}

/** The bin as one file and the parts it loads when they are needed: it starts several times faster than its sources. */
export default defineConfig({
  input: { fanfold: "src/bin.ts" },
  platform: "node",
  resolve: { conditionNames: ["source", "import", "module", "node", "default"] },
  plugins: [licences, planSchema],
  output: {
    dir: "dist/bin",
    format: "esm",
    chunkFileNames: "[name]-[hash].js",
    minify: "dce-only",
    cleanDir: true
  }
})
