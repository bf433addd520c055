import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { type CodeSplittingNameFunction, defineConfig, type Plugin, type RolldownOptions } from "rolldown"
import * as Plan from "./src/plan/Plan.ts"
import * as EventLineSchema from "./src/report/EventLineSchema.ts"
import { build as buildPage } from "./src/report/page/Bundle.ts"
import * as Report from "./src/report/Report.ts"

/** The modules of the page's script, which is a text in the bundle. */
const pageModules = new Set<string>()

/** The licence of every package that ends up in the bundle, as each of them asks for. */
const licences: Plugin = {
  name: "licences",
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
    const isWithPage = modules.some((id) => pageFile.test(id))
    const folders = [...modules, ...(isWithPage ? pageModules : [])].flatMap(
      (id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []
    )
    const texts = [...new Set(folders)].toSorted().map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
      const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
      const text = file === undefined || !existsSync(join(folder, file)) ? "" : readFileSync(join(folder, file), "utf8")
      return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}`
    })
    if (texts.length > 0) this.emitFile({ type: "asset", fileName: "LICENCES.txt", source: texts.join("\n\n---\n\n") })
  }
}

const pageFile = /src\/report\/page\/Bundle\.ts$/

/** The page of a run: its script and style as they are, so that none has to be bundled where fanfold is installed. */
const pageCode: Plugin = {
  name: "page-code",
  load: {
    filter: { id: pageFile },
    handler: async () => {
      const { modules, ...code } = await buildPage()
      for (const id of modules) pageModules.add(id)
      return `const code = ${JSON.stringify(code)}\nexport const bundle = () => Promise.resolve(code)`
    }
  }
}

/** The JSON Schemas of plans, for editors, and of what the command line writes, for its readers. */
const jsonSchemas: Plugin = {
  name: "json-schemas",
  generateBundle() {
    const schemas = { plan: Plan.toJsonSchema(), event: EventLineSchema.toJsonSchema(), report: Report.toJsonSchema() }
    for (const [name, schema] of Object.entries(schemas)) {
      const source = `${JSON.stringify(schema, undefined, 2)}\n`
      this.emitFile({ type: "asset", fileName: `${name}.schema.json`, source })
    }
  }
}

/**
 * Replaces `import { Effect, type Layer } from "effect"` by `import * as Effect from "effect/Effect"`: the barrel loads all modules,
 * and where it is bundled, each of them seems to be loaded with whatever imports it.
 */
const effectByModule: Plugin = {
  name: "effect-by-module",
  transform: {
    filter: { id: { include: /\.ts$/, exclude: /node_modules/ }, code: /from "(?:effect|@effect)/ },
    handler: (code) =>
      code.replace(
        /^import \{([^}]*)\} from "(effect(?:\/[a-z]+)?|@effect\/platform-node)"$/gm,
        (_, names: string, barrel: string) =>
          names
            .split(",")
            .map((name) => name.trim().split(" as "))
            .filter(([name]) => name !== "" && !name!.startsWith("type "))
            .map(([name, alias = name]) => `import * as ${alias} from "${barrel}/${name}"`)
            .join("; ")
      )
  }
}

/**
 * Makes the segmenter of Effect's help texts when it is first used: the first of a process loads tables for 15 ms, which every run
 * of the command line would wait for.
 */
const lateSegmenter: Plugin = {
  name: "late-segmenter",
  transform: {
    filter: { id: /effect\/dist\/cli\/CliOutput\.js$/ },
    handler: (code) => {
      const late = code.replace(
        /const (graphemeSegmenter) = \/\*#__PURE__\*\/(new Intl\.Segmenter\([^;]*\));/,
        "let made; const $1 = { segment: (text) => (made ??= $2).segment(text) };"
      )
      if (late === code) throw new Error("Effect makes its segmenter in another way")
      return late
    }
  }
}

/** How the command line is bundled, also for its tests. */
export const ofCommandLine = [pageCode, effectByModule, lateSegmenter]

/** Modules without Effect, which are built once: all entries of a process use the same connections and the same error. */
const shared = {
  Transport: resolve("src/transport/Transport.ts"),
  MessagesClient: resolve("src/claude/sdk/MessagesClient.ts"),
  RunError: resolve("src/promise/RunError.ts"),
  /** Two megabytes that are loaded where there is a PDF. */
  unpdf: resolve("node_modules/unpdf/dist/index.mjs")
}

/** Leaves the modules of `shared` to the files that they are built to, beside the folder of the entry. */
const sharedModules: Plugin = {
  name: "shared-modules",
  async resolveId(source, importer, options) {
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
    const name = Object.entries(shared).find(([, file]) => file === resolved?.id)?.[0]
    return name === undefined ? null : { id: `../shared/${name}.js`, external: "relative" }
  }
}

type Modules = Parameters<CodeSplittingNameFunction>[1]

/** The modules that are loaded with one of these files. */
const loadedWith = (files: ReadonlyArray<string>, modules: Modules): ReadonlySet<string> => {
  const loaded = new Set(files.map((file) => resolve(file)))
  for (const id of loaded) for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) loaded.add(imported)
  return loaded
}

/** What a run with telemetry loads. */
const telemetry = ["OtlpSettings", "OtlpExport", "JsonEncoding", "RunSpans", "Identities", "Surroundings"].map(
  (name) => `src/telemetry/${name}.ts`
)

/**
 * Puts what every run of the command line loads into two files, where each module that another part shares would get one of its own:
 * its program with the journal, and what sends a request; and into a third what a run with telemetry loads.
 */
const ofEachRun = (): CodeSplittingNameFunction => {
  let parts: ReadonlyArray<readonly [name: string, modules: ReadonlySet<string>]> | undefined
  return (id, modules) => {
    parts ??= [
      ["main", loadedWith(["src/main.ts", "src/journal/sqlite/SqliteJournal.ts"], modules)],
      ["Sdk", loadedWith(["src/claude/sdk/Sdk.ts", "src/transport/Transport.ts"], modules)],
      ["Telemetry", loadedWith(telemetry, modules)]
    ]
    // `src/bin.ts` has the manifest, too, and answers `--version` without the program.
    return id.endsWith(".json") ? null : parts.find(([, each]) => each.has(id))?.[0]
  }
}

/** Packages that are the user's to install. */
export const clouds = /^@anthropic-ai\/(?:bedrock|vertex|foundry)-sdk$/

const bundle = (dir: string, { external = [], ...options }: RolldownOptions): RolldownOptions => ({
  platform: "node",
  resolve: { conditionNames: ["source", "import", "module", "node", "default"] },
  ...options,
  external: [clouds, ...(external as ReadonlyArray<RegExp>)],
  plugins: [licences, options.plugins],
  output: {
    dir,
    format: "esm",
    chunkFileNames: "[name]-[hash].js",
    minify: "dce-only",
    comments: false,
    // With one character beyond Latin-1, V8 keeps two bytes for each of a file: a start takes 7 ms longer.
    charset: "ascii",
    cleanDir: true,
    ...options.output
  }
})

/** Bundles start several times faster than their sources: Node reads a few files instead of hundreds. */
export default defineConfig([
  bundle("dist/shared", { input: shared }),
  /** For programs with Effect, which must use the same copy of it. */
  bundle("dist/effect", {
    input: {
      index: "src/index.ts",
      promise: "src/promise.ts",
      LanguageModel: "src/LanguageModel.ts",
      postgres: "src/postgres.ts",
      mocks: "mocks/index.ts",
      msw: "mocks/msw.ts",
      vitest: "mocks/vitest.ts"
    },
    external: [/^effect\//, /^(msw|vitest|@effect\/sql-pg)(\/|$)/],
    plugins: [effectByModule, sharedModules]
  }),
  /** For scripts: with the modules of Effect that it needs. */
  bundle("dist/promise", { input: { index: "src/standalone.ts" }, plugins: [effectByModule, sharedModules] }),
  /** The command line, and the parts that it loads when they are needed. */
  bundle("dist/bin", {
    input: { fanfold: "src/bin.ts" },
    plugins: [jsonSchemas, ofCommandLine],
    preserveEntrySignatures: "allow-extension",
    output: {
      codeSplitting: { groups: [{ debugName: "each run", name: ofEachRun(), includeDependenciesRecursively: false }] }
    }
  })
])
