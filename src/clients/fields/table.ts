/**
 * The fields of a client's metadata, once: RFC 7591 §2, the specifications that add to it, and what this server adds (`pkce`,
 * `first_party`, `profile`, `id_token_identity_claims`, `access`). From a row follow its type, both shapes of the administration API, the
 * console's form, the options of the command line, YAML, what a client may say of itself, and what the protocol library is told.
 * Rules between fields are in src/clients/coherence.ts.
 */
import type { z } from 'zod'
import { essential } from './essential.ts'
import type { Field } from './field.ts'
import { pages } from './pages.ts'
import { people } from './people.ts'
import { protection } from './protection.ts'

const ROWS = { ...essential, ...protection, ...people, ...pages }

type Rows = typeof ROWS

export type FieldName = keyof Rows

/** A value of a field, as it is stored. */
export type FieldValue<Name extends FieldName> = z.output<Rows[Name]['schema']>

/** What a registration says: any of the fields, each checked by itself. */
export type FieldValues = { [Name in FieldName]?: FieldValue<Name> }

/** Those that are stored in the JSON of the metadata. */
type InMetadata = { [Name in FieldName]: Rows[Name] extends { column: true } ? never : Name }[FieldName]

/** Those that are always there. */
type Always = { [Name in InMetadata]: Rows[Name] extends { fallback: unknown } ? Name : never }[InMetadata]

/** RFC 7591 §2 client metadata, complete and coherent, without client_id and secrets. Times are in seconds. */
export type ClientMetadata = { [Name in Always]: FieldValue<Name> } & {
  [Name in Exclude<InMetadata, Always>]?: FieldValue<Name>
}

/** A row, for what is made of every one. */
export type ClientField = Field & {
  name: FieldName
  /** Whether every client has it. */
  always: boolean
}

/** Every field, in the order in which fields are shown. */
export const FIELDS: readonly ClientField[] = Object.entries<Field>(ROWS).map(([name, field]) => ({
  name: name as FieldName,
  always: field.fallback !== undefined || field.inView === true,
  ...field,
}))

export const isFieldName = (name: string): name is FieldName => Object.hasOwn(ROWS, name)

export const fieldOf = (name: FieldName): Field => ROWS[name]

/**
 * What was said, and the defaults of what was not.
 * @param given fields that are stored in the JSON of the metadata, each checked
 */
export function withFallbacks(given: { [Name in InMetadata]?: FieldValue<Name> }): ClientMetadata {
  const defaults = FIELDS.filter(
    ({ name, fallback }) => fallback !== undefined && !Object.hasOwn(given, name),
  ).map(({ name, fallback }) => [name, typeof fallback === 'function' ? fallback(given) : fallback])
  return { ...given, ...(structuredClone(Object.fromEntries(defaults)) as Pick<ClientMetadata, Always>) }
}
