import { setImmediate } from 'node:timers/promises'
import { composition } from './guessing/guesses.ts'
import { SENTENCES, weaknessOf } from './guessing/weakness.ts'
import { knownWords } from './guessing/words.ts'

/** What an attacker who knows the person would need to guess a password. */
export interface Estimate {
  /** As a power of ten: 8 is 100 million. */
  guesses: number
  /** Why it is not more, and what to do instead, as plain sentences. */
  weakness: string
}

/**
 * Estimates the whole of a password.
 * @param context words that an attacker tries first
 * @param enough stop looking once it takes so many guesses, as a power of ten
 */
export type EstimateStrength = (
  password: string,
  context: readonly string[],
  enough: number,
) => Promise<Estimate>

/**
 * zxcvbn looks at pieces of so many code points, each half over the one before: its work grows with the square of the length
 * (5 ms for 32, 35 ms for 128 and up to 135 ms for digits), on the thread that serves everybody. Who guesses the whole has
 * guessed each piece of it: so the strongest piece says the least that the whole is worth.
 */
const PIECE = 32

/** Each substitution tried (“@” for “a”) multiplies the work; 3 find what 100 find in our tests, in a tenth of the time. */
const l33tMaxSubstitutions = 3

/** Of the process: every estimator reads the same dictionaries. */
let loading: Promise<EstimateStrength> | undefined

/**
 * An estimator whose dictionaries (80 MB of memory, 250 ms to load) are loaded at the first password that is
 * chosen, once a process: most processes of most days never need them.
 */
export function createStrengthEstimator(): EstimateStrength {
  return async (password, context, enough) => {
    loading ??= load()
    return (await loading)(password, context, enough)
  }
}

async function load(): Promise<EstimateStrength> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const dictionary = { ...common.dictionary, ...english.dictionary }
  const graphs = common.adjacencyGraphs
  const zxcvbn = new ZxcvbnFactory({
    dictionary,
    graphs,
    translations: english.translations,
    l33tMaxSubstitutions,
  })
  const words = knownWords(dictionary)

  return async (password, context, enough) => {
    const own = new Set(context.map((word) => word.toLowerCase()))
    const composed = composition(password, { words, graphs, own })
    if (composed.guesses < enough)
      return { guesses: composed.guesses, weakness: weaknessOf(password, composed, words) }

    let strongest: Estimate = { guesses: 0, weakness: '' }
    for (const piece of piecesOf([...password])) {
      const { guessesLog10, feedback } = zxcvbn.check(piece, [...context])
      if (guessesLog10 > strongest.guesses)
        strongest = { guesses: guessesLog10, weakness: inOurWords(feedback) }
      if (strongest.guesses >= enough) break
      // Requests of others come between.
      await setImmediate()
    }
    return { ...strongest, guesses: Math.min(strongest.guesses, composed.guesses) }
  }
}

function piecesOf(characters: readonly string[]): string[] {
  const pieces: string[] = []
  for (let start = 0; start === 0 || start + PIECE / 2 < characters.length; start += PIECE / 2)
    pieces.push(characters.slice(start, start + PIECE).join(''))
  return pieces
}

function inOurWords({ warning, suggestions }: { warning: string | null; suggestions: string[] }): string {
  if (warning?.startsWith('There should not be any personal')) return SENTENCES.own
  const reason =
    warning === null ? 'This password is easy to guess.' : warning.replace('This is', 'This password is')
  // No rules on characters (NIST SP 800-63B-4 §3.1.1.2), so no hints at any.
  const hint = suggestions.find((text) => !/capital|uppercase/i.test(text))
  return `${reason} ${hint ?? 'Add more words that are less common.'}`
}
