import { described } from '../../../shared/locales/described.ts'
import type { Stack } from './stack.ts'

const aboutKey = (id: string): string => `admin.stacks.about.${id}`
const nameKey = (id: string): string => `admin.stacks.name.${id}`

/** What is more than the name of a product: “Go, without a person”. */
const hasWords = (name: string): boolean => /\s[a-z]{2,}/.test(name)

/** Languages and labels are the same of many stacks: their key is what they say. */
const wordsKey = (english: string): string =>
  `admin.stacks.words.${english
    .toLowerCase()
    .replaceAll('#', ' sharp')
    .replaceAll(/[^a-z\d]+/g, ' ')
    .trim()
    .replaceAll(' ', '_')}`

/** A file or its place is called so in every language. */
const isPlace = (label: string): boolean => /^\S*[./]\S*$/.test(label)

/** What a stack is called, in the language of the console. */
export const stackName = ({ id, name }: Pick<Stack, 'id' | 'name'>): string =>
  hasWords(name) ? described(nameKey(id), name) : name

/** What a stack does and cannot, in the language of the console. */
export const stackAbout = ({ id, about }: Pick<Stack, 'id' | 'about'>): string =>
  described(aboutKey(id), about)

/** The language of a stack, or the label of a part, in the language of the console. */
export const stackWords = (english: string): string =>
  isPlace(english) ? english : described(wordsKey(english), english)

/** All of them, for the check of catalogues. */
export const describedStacks = (stacks: readonly Stack[]): Record<string, string> => ({
  ...Object.fromEntries(stacks.map(({ id, about }) => [aboutKey(id), about])),
  ...Object.fromEntries(
    stacks.filter(({ name }) => hasWords(name)).map(({ id, name }) => [nameKey(id), name]),
  ),
  ...Object.fromEntries(
    stacks
      .flatMap(({ language, parts }) => [language, ...parts.map(({ label }) => label)])
      .filter((english) => !isPlace(english))
      .map((english) => [wordsKey(english), english]),
  ),
})
