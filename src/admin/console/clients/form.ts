import { z } from 'zod'
import type { FormSection } from '../../../clients/fields/form.ts'
import type { ClientView } from '../../../clients/view.ts'
import { AppError } from '../../../shared/errors.ts'
import { withoutPrivateKeys } from '../../../shared/key-set.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import {
  type Fields,
  fieldsIn,
  jwksOf,
  linesOf,
  readField,
  scopesOf,
  showField,
  tickedOf,
} from './controls.ts'
import type { Registration } from './dependencies.ts'
import type { BuildKind } from './presets.ts'

export const fieldsSchema = z.record(z.string(), z.string())

/** What was sent, to be shown again. Of a private key that was pasted for a public one, its public half is. */
export const typedAgain = (fields: Fields): Fields =>
  fields.jwks === undefined ? fields : { ...fields, jwks: withoutPrivateKeys(fields.jwks) }

const keysOf = (fields: Fields): Registration => ({
  ...(fields.jwks?.trim() && { jwks: jwksOf(fields.jwks) }),
  ...(fields.jwks_uri?.trim() && { jwks_uri: fields.jwks_uri.trim() }),
  ...(fields.message_signing !== undefined && { profile: 'fapi2_message_signing' }),
})

/** A box that the form did not have: the request was not made by our page. */
const notOffered = (scope: string) =>
  new AppError(
    'scope_not_offered',
    422,
    message('admin.clients.form.notOffered', { scope: scope.slice(0, 100) }),
  )

/**
 * What the short form of a kind registers.
 * @param offered the scopes that the form had boxes for
 * @throws AppError scope_not_offered (422) for a box of another one
 */
export function newRegistration(kind: BuildKind, fields: Fields, offered: ReadonlySet<string>): Registration {
  const { asks, metadata } = kind
  const ofApis = tickedOf(fields, 'scope')
  const foreign = ofApis.find((scope) => !offered.has(scope))
  if (foreign !== undefined) throw notOffered(foreign)
  const own = kind.id !== 'machine' && ofApis.length > 0 ? ['openid', 'profile', 'email'] : []
  return {
    ...metadata,
    client_name: fields.client_name ?? '',
    ...(asks.redirectUris && { redirect_uris: linesOf(fields.redirect_uris) }),
    ...(asks.postLogout && { post_logout_redirect_uris: linesOf(fields.post_logout_redirect_uris) }),
    ...(asks.keys && keysOf(fields)),
    ...(ofApis.length > 0 && { scope: [...own, ...ofApis].join(' ') }),
  }
}

/** What the long form changes: every field that it has; an empty one is unset. */
export const editOf = (form: readonly FormSection[], sent: Fields): Registration =>
  Object.fromEntries(fieldsIn(form).map((field) => [field.name, readField(field, sent)]))

/** The long form, filled with what is stored. */
export const fieldsOf = (form: readonly FormSection[], client: ClientView): Fields =>
  Object.assign({}, ...fieldsIn(form).map((field) => showField(field, client[field.name])))

/** What was typed against what is stored now, field by field, where they differ. */
export function differences(form: readonly FormSection[], typed: Fields, stored: Fields) {
  const whole: Fields = {
    ...typed,
    ...Object.fromEntries(
      fieldsIn(form)
        .filter(({ input }) => input.kind === 'scopes')
        .map(({ name }) => {
          const scopes = scopesOf(typed, name)
          const same = scopes.toSorted().join(' ') === (stored[name] ?? '').split(' ').toSorted().join(' ')
          return [name, same ? (stored[name] ?? '') : scopes.join(' ')]
        }),
    ),
  }
  return namesOf(form)
    .map(({ name, label, of }) => ({
      label,
      of,
      yours: (whole[name] ?? '').replaceAll('\r', '').trim(),
      stored: stored[name] ?? '',
    }))
    .filter(({ yours, stored: now }) => yours !== now)
}

/** What the browser sends of a form, and what it is called there: of boxes, each by itself. `of`: the field. */
const namesOf = (form: readonly FormSection[]): { name: string; label: string; of: string }[] =>
  fieldsIn(form).flatMap(({ name, form: { label }, input }) =>
    input.kind === 'boxes'
      ? input.choices.map((box) => ({ name: `${input.prefix}.${box.value}`, label: box.label, of: name }))
      : [{ name, label, of: name }],
  )

/** What the form calls a field or a choice, by its name in the metadata. Names that are words of English too stay as they are. */
const labelsOf = (form: readonly FormSection[]): ReadonlyMap<string, string> =>
  new Map(
    fieldsIn(form)
      .flatMap(({ name, form: { label }, input }) => [
        { value: name, label },
        ...('choices' in input ? input.choices : []),
      ])
      .filter(({ value }) => value === 'jwks' || /[_:]/.test(value))
      .map(({ value, label }) => [value, t('admin.clients.field', { label })]),
  )

/** What the long form calls fields, for a form that lacks some of them. */
export const labelsFor = (fields: readonly string[], form: readonly FormSection[]): Record<string, string> =>
  Object.fromEntries(
    fieldsIn(form)
      .filter(({ name }) => fields.includes(name))
      .map(({ name, form: { label } }) => [name, label]),
  )

/**
 * What the service says is wrong with a registration, by field, with the labels of the form for names of the metadata;
 * undefined: the error is another one.
 */
export function fieldErrors(
  error: unknown,
  form: readonly FormSection[],
): Record<string, string> | undefined {
  if (!(error instanceof ValidationError)) return undefined
  const labels = labelsOf(form)
  const inWords = (problem: string) =>
    problem.replaceAll(/(?<![\w./-])[a-z]+[\w:-]*\w/g, (name) => labels.get(name) ?? name)
  return Object.fromEntries(
    Object.entries(error.errors).map(([field, all]) => [field, all.map(inWords).join('; ')]),
  )
}
