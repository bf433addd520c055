/** The page's own code, as it stands in each page. */
export interface PageCode {
  readonly script: string
  readonly style: string
}
