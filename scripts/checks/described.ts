/** Texts of the console whose English stands in a table of the sources: the other languages of the console have each of them in locales/admin. */

import { GROUP_FIELDS, ROLE_FIELDS } from '../../src/access/fields/table.ts'
import { describedFields } from '../../src/admin/console/clients/spoken.ts'
import { describedDefinition } from '../../src/admin/console/definitions/spoken.ts'
import { describedPermissions } from '../../src/admin/console/permission-words.ts'
import { describedKinds } from '../../src/admin/console/providers/spoken.ts'
import { describedSections } from '../../src/admin/console/sections.ts'
import { describedStacks } from '../../src/admin/console/snippets/spoken.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { ADMINISTRATOR_ROLE_FIELDS } from '../../src/administrators/table.ts'
import { CLAIM_FIELDS } from '../../src/attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from '../../src/attributes/table.ts'
import { EVENT_TYPES, FAMILIES } from '../../src/audit/event-types.ts'
import { NAMED_BRAND_FIELDS } from '../../src/branding/fields.ts'
import { FORM } from '../../src/clients/fields/form.ts'
import { kinds } from '../../src/federation/connectors/kinds.ts'
import { HOOK_FIELDS } from '../../src/hooks/table.ts'
import { ORGANIZATION_FIELDS } from '../../src/organizations/fields.ts'
import { ruleTexts } from '../../src/rejections/explain.ts'
import { DESCRIPTIONS } from '../../src/settings/table.ts'
import { PROBLEMS } from '../../src/shared/audit-problems.ts'
import { REASONS } from '../../src/webhooks/reasons.ts'

/** The settings: sections, labels and sentences. */
const settingTexts = (): Record<string, string> =>
  Object.assign(
    {},
    ...DESCRIPTIONS.map(({ name, section, label, sentence }) => ({
      [`admin.settings.section.${section.toLowerCase().replaceAll(' ', '_')}`]: section,
      [`admin.settings.row.${name}.label`]: label,
      [`admin.settings.row.${name}.sentence`]: sentence,
    })),
  )

interface Row {
  name: string
  form: { label: string; hint?: string | undefined }
}

/** The labels and hints of a table of fields. @param start of the keys */
const formTexts = (start: string, rows: readonly Row[]) => (): Record<string, string> =>
  Object.fromEntries(
    rows.flatMap(({ name, form: { label, hint } }) => [
      [`${start}.${name}.label`, label],
      ...(hint ? [[`${start}.${name}.hint`, hint]] : []),
    ]),
  )

/** The texts of a table by name. @param start of the keys */
const texts = (start: string, table: Readonly<Record<string, string>>) => (): Record<string, string> =>
  Object.fromEntries(Object.entries(table).map(([name, text]) => [`${start}.${name}`, text]))

/** Each table: the texts of its rows, by key. */
const TABLES: readonly (() => Readonly<Record<string, string>>)[] = [
  describedSections,
  formTexts('admin.access.group_field', GROUP_FIELDS),
  formTexts('admin.access.role_field', ROLE_FIELDS),
  // Its permissions are said by their own table.
  () =>
    describedDefinition(
      'administrator_role',
      ADMINISTRATOR_ROLE_FIELDS.map(({ choices: _, ...field }) => field),
    ),
  describedPermissions,
  formTexts('admin.organizations.field', ORGANIZATION_FIELDS),
  () => describedFields(FORM),
  texts('admin.audit.did', EVENT_TYPES),
  texts('admin.audit.family', FAMILIES),
  texts('admin.audit.problem', PROBLEMS),
  settingTexts,
  () =>
    formTexts(
      'admin.branding.field',
      NAMED_BRAND_FIELDS.map(({ name, ...form }) => ({ name, form })),
    )(),
  () => describedDefinition('attribute', ATTRIBUTE_FIELDS),
  () => describedDefinition('claim', CLAIM_FIELDS),
  () => describedDefinition('hook', HOOK_FIELDS),
  ruleTexts,
  () => describedKinds(kinds),
  () => describedStacks(allStacks()),
  texts('admin.webhooks.answer', REASONS),
]

/** All of them by key, with the English of the table. */
export const describedTexts = (): Readonly<Record<string, string>> =>
  Object.assign({}, ...TABLES.map((table) => table()))
