import type { NamedField } from '../../../access/fields/field.ts'
import type { NamedBrandField } from '../../../branding/fields.ts'
import type { FormSection } from '../../../clients/fields/form.ts'
import type { NamedOrganizationField } from '../../../organizations/fields.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { described } from '../../../shared/locales/described.ts'
import { isConsoleText, t } from '../../../shared/locales/texts.ts'
import { own } from '../../../shared/own.ts'
import type { SettingsAreaDependencies } from '../settings/routes.ts'

/** The tables whose fields entries hold. */
export interface LabelDependencies extends Pick<SettingsAreaDependencies, 'settings'> {
  clientForm: readonly FormSection[]
  groupFields: readonly NamedField[]
  roleFields: readonly NamedField[]
  organizationFields: readonly NamedOrganizationField[]
  attributeFields: readonly NamedDefinitionField[]
  claimFields: readonly NamedDefinitionField[]
  hookFields: readonly NamedDefinitionField[]
  administratorRoleFields: readonly NamedDefinitionField[]
  brandFields: readonly NamedBrandField[]
}

/** The fields of each family of events: where their labels are in the catalogues, and their English. */
const TABLES: Readonly<
  Record<string, { key: string; rows(deps: LabelDependencies): readonly { name: string; label: string }[] }>
> = {
  client: {
    key: 'admin.client_fields',
    rows: ({ clientForm }) =>
      clientForm.flatMap(({ fields, folded }) => [...fields, ...(folded?.fields ?? [])]).map(ofForm),
  },
  settings: { key: 'admin.settings.row', rows: ({ settings }) => settings.described },
  group: { key: 'admin.access.group_field', rows: ({ groupFields }) => groupFields.map(ofForm) },
  role: { key: 'admin.access.role_field', rows: ({ roleFields }) => roleFields.map(ofForm) },
  organization: {
    key: 'admin.organizations.field',
    rows: ({ organizationFields }) => organizationFields.map(ofForm),
  },
  attribute: { key: 'admin.attributes.field', rows: ({ attributeFields }) => attributeFields.map(ofForm) },
  claim: { key: 'admin.claims.field', rows: ({ claimFields }) => claimFields.map(ofForm) },
  hook: { key: 'admin.hooks.field', rows: ({ hookFields }) => hookFields.map(ofForm) },
  administrator_role: {
    key: 'admin.administrator_roles.field',
    rows: ({ administratorRoleFields }) => administratorRoleFields.map(ofForm),
  },
  branding: { key: 'admin.branding.field', rows: ({ brandFields }) => brandFields },
}

const ofForm = ({ name, form: { label } }: { name: string; form: { label: string } }) => ({ name, label })

/** What a field of entries of a family is called, as its form says it; of a field in a field (`attributes.team`), the outer one. Undefined: it has no words. */
export const labelsOf = (deps: LabelDependencies, family: string) => {
  const table = own(TABLES, family)
  const rows = new Map(table?.rows(deps).map(({ name, label }) => [name, label]))
  return (field: string): string | undefined => {
    const [name = ''] = field.split('.', 1)
    const english = rows.get(name)
    if (english !== undefined) return described(`${table?.key}.${name}.label`, english)
    // What no form has: details of events, and what accounts, keys, APIs and webhooks are changed in.
    const key = `admin.audit.field.${name}` as const
    return isConsoleText(key) ? t(key) : undefined
  }
}
