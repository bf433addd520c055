/** A client of the SDK's family, which says where requests go and how they are signed. */

/**
 * What `Claude.fromClient` needs of a client: `Anthropic` of `@anthropic-ai/sdk`, `AnthropicBedrock`, `AnthropicVertex`,
 * `AnthropicFoundry`, or a subclass of your own. It has its own transport, credentials and base URL.
 */
export interface Client {
  readonly baseURL?: string
  readonly messages: {
    /** As of the SDK: the parameters of a message, and the options of a request. */
    readonly create: (params: any, options?: any) => { readonly asResponse: () => Promise<Response> }
  }
}
