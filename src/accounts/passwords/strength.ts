import { setImmediate } from 'node:timers/promises'
import { isText, type TextKey, t } from '../../shared/locales/texts.ts'
import { composition } from './guessing/guesses.ts'
import { weaknessOf } from './guessing/weakness.ts'
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
    translations: namesOf(english.translations),
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

type Translations = Readonly<Record<'warnings' | 'suggestions' | 'timeEstimation', Record<string, string>>>

/** What zxcvbn says, by its names: the words are ours. */
const namesOf = <Texts extends Translations>(texts: Texts): Texts => {
  const names = (group: Record<string, string>) =>
    Object.fromEntries(Object.keys(group).map((name) => [name, name]))
  return { ...texts, warnings: names(texts.warnings), suggestions: names(texts.suggestions) }
}

const known = (key: string): TextKey | undefined => (isText(key) ? key : undefined)

/** @param feedback.warning by its name */
function inOurWords({ warning, suggestions }: { warning: string | null; suggestions: string[] }): string {
  if (warning === 'userInputs') return t('password.weak.own')
  const reason = known(`password.warning.${warning}`) ?? 'password.warning.easy'
  // No rules on characters (NIST SP 800-63B-4 §3.1.1.2), so no hints at any: those have no words here.
  const [hint = 'password.hint.anotherWord'] = suggestions.flatMap(
    (name) => known(`password.hint.${name}`) ?? [],
  )
  return `${t(reason)} ${t(hint)}`
}
