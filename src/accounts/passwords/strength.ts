import type { Score } from '@zxcvbn-ts/core'

/** What an attacker who knows the person would need to guess a password. */
export interface Estimate {
  /** 0 (known to everybody) to 4 (very hard); 3 takes over 10^8 guesses. */
  score: Score
  /** Why it is weak, as one sentence; null when there is no single reason. */
  warning: string | null
  suggestions: string[]
}

export type EstimateStrength = (password: string, context: readonly string[]) => Promise<Estimate>

/**
 * Only the beginning is scored. Scoring grows with the square of the length (0.9 s for 128 random characters) on
 * the thread that serves everybody; a longer password is never weaker than its beginning, so the cap can refuse
 * too much, never too little.
 */
const scoredCodePoints = 32

/** Each substitution tried (“@” for “a”) multiplies the work; 3 find what 100 find in our tests, in a tenth of the time. */
const l33tMaxSubstitutions = 3

/** Of the process: every estimator reads the same dictionaries. */
let loading: Promise<EstimateStrength> | undefined

/**
 * An estimator whose dictionaries (60 MB of memory, 150 ms to load) are loaded at the first password that is
 * chosen, once a process: most processes of most days never need them.
 */
export function createStrengthEstimator(): EstimateStrength {
  return async (password, context) => {
    loading ??= load()
    return (await loading)(password, context)
  }
}

async function load(): Promise<EstimateStrength> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const zxcvbn = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
    l33tMaxSubstitutions,
  })
  return async (password, context) => {
    const beginning = [...password].slice(0, scoredCodePoints).join('')
    const { score, feedback } = zxcvbn.check(beginning, [...context])
    return { score, warning: feedback.warning, suggestions: feedback.suggestions }
  }
}
