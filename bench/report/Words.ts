/** Text with the statistics of prose: words of a fixed vocabulary, the frequent ones often, in sentences and paragraphs. */

const syllables = "ka lo mi ren tas vu del pro ste ni gar bo lin tor sa me qui dra fen wol hep zi an er th in".split(
  " "
)

/** Words of a language with so many of them. */
const vocabularySize = 8000

/** A token is about four characters of English. */
const charactersPerToken = 4

/** Gives texts of so many tokens, one after the other, from a seed. */
export const wordsOf = (seed: number): ((tokens: number) => string) => {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const of = <A>(all: ReadonlyArray<A>): A => all[Math.floor(random() * all.length)]!
  const vocabulary = Array.from({ length: vocabularySize }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => of(syllables)).join("")
  )
  // By Zipf's law: the nth word is n times as rare as the first.
  const word = () => vocabulary[Math.floor(vocabularySize ** random()) - 1] ?? vocabulary[0]!
  const sentence = () => `${Array.from({ length: 6 + Math.floor(random() * 14) }, word).join(" ")}. `
  return (tokens) => {
    let text = ""
    for (let n = 1; text.length < tokens * charactersPerToken; n++)
      text += n % 5 === 0 ? `${sentence()}\n\n` : sentence()
    return text.slice(0, tokens * charactersPerToken)
  }
}
