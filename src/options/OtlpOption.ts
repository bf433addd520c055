/** The option `otlp`: where telemetry goes, and whether it has prompts and answers. Off unless given. */
import { Schema } from "effect"
import { type InCode } from "./OptionSchemas.ts"

const address = { expected: "an http:// or https:// address, such as http://127.0.0.1:4318" }

const isAddress = (text: string): boolean => /^https?:\/\/[^\s/]/i.test(text) && URL.canParse(text)

const url = Schema.String.annotate(address)
  .check(Schema.makeFilter(isAddress, address))
  .annotate({
    ...address,
    description:
      "Send traces and metrics of the run there, by OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT, where it is set)",
    metavar: "url",
    isMain: true
  })

/** `url`: of an OTLP receiver, without `/v1/traces`. `content`: whether spans have prompts and answers, default no. */
export const Options = Schema.Struct({
  url: Schema.optionalKey(url),
  content: Schema.optionalKey(
    Schema.Boolean.annotate({ expected: "true or false", description: "Send prompts and answers too (default: no)" })
  )
}).annotate({ expected: "{ url, content }" })
export interface Options extends InCode<typeof Options> {}
