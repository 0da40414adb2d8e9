/** The roles that members of every organization may have: one template, which is two settings. */
import { t } from '../shared/locales/texts.ts'
import { refusedFields } from '../shared/validation-error.ts'

/** Read at each use. */
export interface TemplateSettings {
  /** Names of all roles. */
  readonly organizationRoles: readonly string[]
  /** Those that manage members and invitations. */
  readonly organizationManagerRoles: readonly string[]
}

export interface RoleTemplate {
  /** Names of all roles. */
  names(): readonly string[]
  /** What is stored, as it counts: without what was taken out of the template. @param stored separated by spaces */
  counting(stored: string): string[]
  /** Whether one of these roles manages members and invitations. */
  manages(roles: readonly string[]): boolean
  /** Those that manage of these roles and that are not of the others: what a manager loses. */
  lost(before: readonly string[], after: readonly string[]): string[]
  /** What may be stored. @throws ValidationError (422) on `roles` */
  parse(roles: unknown): string[]
}

export function createTemplate(settings: TemplateSettings): RoleTemplate {
  const names = () => settings.organizationRoles
  const manages = (role: string) => settings.organizationManagerRoles.includes(role) && names().includes(role)
  return {
    names,
    counting: (stored) => stored.split(' ').filter((role) => role !== '' && names().includes(role)),
    manages: (roles) => roles.some(manages),
    lost: (before, after) => before.filter((role) => manages(role) && !after.includes(role)),
    parse(roles) {
      if (roles === undefined || roles === null) return []
      const list: unknown[] = Array.isArray(roles) ? roles : [roles]
      if (!list.every((role) => typeof role === 'string' && names().includes(role)))
        throw refusedFields({
          roles:
            names().length === 0
              ? t('admin.organizations.roles.none')
              : t('admin.organizations.roles.among', { roles: names().join(', ') }),
        })
      return names().filter((role) => list.includes(role))
    },
  }
}
