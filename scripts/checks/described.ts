/** Texts of the console whose English stands in a table of the sources: the other languages of the console have each of them in locales/admin. */

import { describedSections } from '../../src/admin/console/context.ts'

/** Each table: the texts of its rows, by key. */
const TABLES: readonly (() => Readonly<Record<string, string>>)[] = [describedSections]

/** All of them by key, with the English of the table. */
export const describedTexts = (): Readonly<Record<string, string>> =>
  Object.assign({}, ...TABLES.map((texts) => texts()))
