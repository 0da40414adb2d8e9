import { inEnglish, isText, type TextKey, t } from '../locales/texts.ts'
import { type Emptiable, emptiable } from '../text.ts'
import { FIELDS, PHONE_VERIFIED, type ProfileField } from './table.ts'

// What follows from the rows of src/shared/profile/table.ts.

type Fields = typeof FIELDS

export type ProfileProperty = keyof Fields

/** What is known of a person, null what is not. */
export type ProfileValues = Record<ProfileProperty, string | null>

/** The properties that identify a person. */
export type IdentifyingProperty = {
  [Property in ProfileProperty]: Fields[Property] extends { identifies: true } ? Property : never
}[ProfileProperty]

/** The properties that `Setter` may set beside an administrator. */
export type PropertySetBy<Setter extends 'person' | 'provider'> = {
  [Property in ProfileProperty]: Fields[Property] extends { setBy: readonly (infer Other)[] }
    ? Setter extends Other
      ? Property
      : never
    : never
}[ProfileProperty]

/** What a provider says of a person, by property; left out or null: nothing. */
export type ProviderValues = { [Property in PropertySetBy<'provider'>]?: string | null }

/** The name of a property in both JSON APIs. */
export type RestNameOf<Property extends ProfileProperty> = {
  [Each in Property]: Fields[Each] extends { rest: infer Name extends string } ? Name : Fields[Each]['claim']
}[Property]

export interface DescribedField<Property extends ProfileProperty = ProfileProperty> extends ProfileField {
  property: Property
  rest: string
  /** In English: for documents, the command line and programs. */
  label: string
  hint: string | undefined
}

/** A text, where there is one of this name. */
const saidIn = (language: (key: TextKey) => string, key: string): string | undefined =>
  isText(key) ? language(key) : undefined

/** Each with the property that holds it and its name in the JSON APIs, in the order of forms and files. */
export const profileFields: readonly DescribedField[] = Object.entries<ProfileField>(FIELDS).map(
  ([property, field]) => ({
    ...field,
    label: saidIn(inEnglish, `profile.field.${field.claim}`) ?? field.claim,
    hint: saidIn(inEnglish, `profile.field.${field.claim}.hint`),
    property: property as ProfileProperty,
    rest: field.rest ?? field.claim,
  }),
)

export const identifyingFields = profileFields.filter(
  (field): field is DescribedField<IdentifyingProperty> => field.identifies === true,
)
export const otherFields = profileFields.filter(({ identifies }) => !identifies)

const setBy = <Setter extends 'person' | 'provider'>(setter: Setter) =>
  profileFields.filter((field): field is DescribedField<PropertySetBy<Setter>> =>
    Boolean(field.setBy?.includes(setter)),
  )
/** What people change of their own. */
export const personalFields = setBy('person')
/** What signing in by a provider fills. */
export const providerFields = setBy('provider')

/** The names that fields have at an edge. */
type Edge = 'claim' | 'rest'

/** Values by property, out of what came in by the names of an edge. */
export const byProperty = (
  values: Readonly<Record<string, unknown>>,
  edge: Edge,
  fields = profileFields,
): { [Property in ProfileProperty]?: unknown } =>
  Object.fromEntries(fields.map((field) => [field.property, values[field[edge]]]))

/** Values by the names of an edge, out of something that has them by property. */
export const byNameOf = <Value>(
  edge: Edge,
  person: Readonly<Record<ProfileProperty, Value>>,
  fields = profileFields,
): Record<string, Value> => Object.fromEntries(fields.map((field) => [field[edge], person[field.property]]))

/** Properties and their names at an edge: translates what a service says about fields. */
export const edgeNames = (edge: Edge): Record<string, string> => ({
  ...Object.fromEntries(profileFields.map((field) => [field.property, field[edge]])),
  phoneVerified: PHONE_VERIFIED.claim,
})

/** The values of all fields, out of something that has them. */
export function profileOf(person: ProfileValues): ProfileValues {
  const values: Partial<ProfileValues> = {}
  for (const { property } of profileFields) values[property] = person[property]
  return values as ProfileValues
}

/** Checks by property: a field left out is undefined and stays, one that is '' or null is null. */
export const profileShape = Object.fromEntries(
  profileFields.map(({ property, schema }) => [property, emptiable(schema)]),
) as Record<ProfileProperty, Emptiable>

/** The same by claim. */
export const claimShape: Record<string, Emptiable> = Object.fromEntries(
  profileFields.map(({ claim, property }) => [claim, profileShape[property]]),
)

/** A field of a form, as views show it. */
export interface FormField {
  name: string
  label: string
  hint?: string | undefined
  type?: 'url' | 'tel' | undefined
  autocomplete?: string | undefined
  /** Several lines. */
  lines?: true | undefined
}

/** Fields of a form under the names of their claims, in the language of the running request. @param own for the person themselves, whose browser may fill them in */
export const formFields = (fields: readonly DescribedField[], { own }: { own: boolean }): FormField[] =>
  fields.map(({ claim, input, autocomplete = 'off' }) => ({
    name: claim,
    label: saidIn(t, `profile.field.${claim}`) ?? claim,
    hint: saidIn(t, `profile.field.${claim}.hint`),
    type: input,
    autocomplete: own ? autocomplete : 'off',
  }))
