import { byLanguage } from './by-language.ts'

const conjunction = byLanguage((tag) => new Intl.ListFormat(tag))
const disjunction = byLanguage((tag) => new Intl.ListFormat(tag, { type: 'disjunction' }))

/** “a, b and c”, in the current language. */
export const allOf = (values: readonly string[]): string => conjunction().format(values)

/** “a, b or c”, in the current language. */
export const anyOf = (values: readonly string[]): string => disjunction().format(values)
