import type { NamedOrganizationField } from '../../../organizations/fields.ts'
import type { Membership, Organization } from '../../../organizations/organization.ts'
import { described } from '../../../shared/locales/described.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { Held } from '../access/view.ts'
import { tickedOf } from '../clients/controls.ts'
import { type DrawnField, draw, drawAll, type FieldInput } from '../fields.ts'

type Fields = readonly NamedOrganizationField[]
type Sent = Readonly<Record<string, string>>

/** How values of fields are written (src/organizations/fields.ts). */
export interface OrganizationTexts {
  /** As a control has it. */
  textOf(value: unknown): string
  /** What was entered, as JSON has it. */
  valueIn(field: NamedOrganizationField, entered: string | undefined): unknown
}

const inputOf = ({ kind, name }: NamedOrganizationField, values: Sent): FieldInput => {
  if (kind === 'flag') return { kind: 'check', checked: Object.hasOwn(values, name) }
  return kind === 'seconds'
    ? { kind: 'text', inputmode: 'numeric', plain: true }
    : { kind: 'text', plain: name === 'slug' || kind === 'roles' }
}

/** A field with its texts in the language of the console. */
const inConsole = (field: NamedOrganizationField): NamedOrganizationField => ({
  ...field,
  form: {
    label: described(`admin.organizations.field.${field.name}.label`, field.form.label),
    hint: described(`admin.organizations.field.${field.name}.hint`, field.form.hint),
  },
})

/** The fields as a form has them. */
export const drawnOrganization = (fields: Fields, values: Sent): DrawnField[] =>
  drawAll(fields.map(inConsole), (field) => inputOf(field, values))

/** An organization as a form is filled with it. */
export const filledWith = (
  fields: Fields,
  one: Organization,
  { textOf }: OrganizationTexts,
): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap(({ name, kind }): [string, string][] => {
      if (kind === 'flag') return one[name] === true ? [[name, 'on']] : []
      return [[name, textOf(one[name])]]
    }),
  )

/** What was entered, as the service takes it. */
export const enteredIn = (
  fields: Fields,
  sent: Sent,
  { valueIn }: OrganizationTexts,
): Record<string, unknown> =>
  Object.fromEntries(fields.map((field) => [field.name, valueIn(field, sent[field.name])]))

/** Each field with its value, for people. */
export const shownOrganization = (fields: Fields, one: Organization, { textOf }: OrganizationTexts) =>
  fields.map(inConsole).map(({ name, kind, form: { label } }) => ({
    label,
    value:
      kind === 'flag'
        ? t(one[name] === true ? 'admin.common.yes' : 'admin.common.no')
        : textOf(one[name]) || t('admin.common.empty'),
  }))

/**
 * Boxes for the roles of the template.
 * @param name of the fieldset, one of the page @param values what the form is filled with
 */
export const roleBoxes = (name: string, roles: readonly string[], values: Sent): DrawnField =>
  draw(
    { name, label: t('organizations.roles') },
    {
      kind: 'boxes',
      boxes: roles.map((role) => {
        const box = `${name}.${role}`
        return { name: box, label: role, checked: Object.hasOwn(values, box) }
      }),
    },
  )

/** The roles whose boxes were ticked. */
export const tickedRoles = (name: string, sent: Readonly<Record<string, string>>): string[] =>
  tickedOf({ ...sent }, name)

/** Ticks the boxes of roles. */
export const tickedWith = (name: string, roles: readonly string[]): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [`${name}.${role}`, 'on']))

/** What a person is in an organization, on their page; it leads to where that is changed. */
export const heldMembership = (
  accountId: string,
  { id, name, roles, disabled, manages }: Membership,
): Held => ({
  name,
  href: `/admin/organizations/${id}/members/${accountId}`,
  detail: roles.join(', ') || t('organizations.member.none'),
  tag: disabled ? t('admin.common.disabled') : manages ? t('groups.manager') : undefined,
  acts: [],
})
