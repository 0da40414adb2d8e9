import type { Resource } from '../../../clients/resources/resource.ts'
import { t } from '../../../shared/locales/texts.ts'

/** A field of an API as a page shows it. */
export interface StoredField {
  label: string
  value: string
  code?: true
}

/** What is stored of an API by now, for a page that was opened before. */
export const storedFields = (resource: Resource): StoredField[] => [
  { label: t('common.name'), value: resource.name },
  { label: t('admin.common.scopes'), value: resource.scope, code: true },
  {
    label: t('admin.resources.defaults'),
    value: resource.default_scopes ?? t('admin.common.none'),
    code: true,
  },
  {
    label: t('admin.resources.lifetime.seconds'),
    value: resource.access_token_ttl?.toString() ?? t('admin.resources.lifetime.stored.server'),
  },
  { label: t('admin.resources.tokens'), value: t(`admin.resources.tokens.${resource.tokens}`) },
  {
    label: t('admin.resources.by_role'),
    value: t(resource.scopes_by_role ? 'admin.common.yes' : 'admin.common.no'),
  },
  {
    label: t('admin.resources.claims'),
    value: resource.token_claims ?? t('admin.common.nothing'),
  },
]
