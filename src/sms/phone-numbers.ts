import type { PhoneNumber } from 'libphonenumber-js/max'

/** Kinds of number that cost who sends there, or belong to nobody who signs in (ITU-T E.164, national numbering plans). */
const REFUSED_KINDS = new Set([
  'PREMIUM_RATE',
  'SHARED_COST',
  'PERSONAL_NUMBER',
  'UAN',
  'PAGER',
  'VOICEMAIL',
  'TOLL_FREE',
])
/** Codes without a country (ITU-T E.164 Annex to bulletins): satellites, networks over all countries, premium rates. */
const REFUSED_CODES = new Set(['800', '808', '870', '878', '881', '882', '883', '888', '979'])

export type NumberProblem = 'not_a_number' | 'refused_kind' | 'refused_country'

/**
 * Judges a number in E.164 that codes are to be sent to. One that no plan knows is left to the gateway: plans change faster than tables of them.
 * @param prefixes those that are allowed (`+44`, `+4479`); none: all countries
 * @returns `prefixes`: what its messages are counted under, each of the allowed ones that it begins with, or its country code
 */
export async function judgePhoneNumber(
  number: string,
  prefixes: readonly string[],
): Promise<{ prefixes: string[] } | { problem: NumberProblem }> {
  const { default: parse } = await import('libphonenumber-js/max')
  const parsed: PhoneNumber | undefined = parse(number)
  if (parsed === undefined || parsed.number !== number || !parsed.isPossible())
    return { problem: 'not_a_number' }
  if (REFUSED_CODES.has(parsed.countryCallingCode) || REFUSED_KINDS.has(parsed.getType() ?? ''))
    return { problem: 'refused_kind' }
  const matching = prefixes.filter((prefix) => number.startsWith(prefix))
  if (prefixes.length > 0 && matching.length === 0) return { problem: 'refused_country' }
  return { prefixes: matching.length > 0 ? [...new Set(matching)] : [`+${parsed.countryCallingCode}`] }
}
