import { type Authority, may } from '../../shared/administration/authority.ts'
import type { Limit, Permission } from '../../shared/administration/permissions.ts'
import { described } from '../../shared/locales/described.ts'
import { t } from '../../shared/locales/texts.ts'

/** The places of the console, in the order of its navigation; those of a group stand together. */
export const SECTIONS = [
  { group: '', id: 'dashboard', label: 'Overview', href: '/admin', needs: 'overview.read' },
  {
    group: 'People',
    id: 'users',
    label: 'Users',
    href: '/admin/users',
    needs: 'user.read',
    within: 'organization',
  },
  { group: 'People', id: 'groups', label: 'Groups', href: '/admin/groups', needs: 'group.read' },
  { group: 'People', id: 'roles', label: 'Roles', href: '/admin/roles', needs: 'role.read' },
  {
    group: 'People',
    id: 'organizations',
    label: 'Organizations',
    href: '/admin/organizations',
    needs: 'organization.read',
    within: 'organization',
  },
  {
    group: 'People',
    id: 'attributes',
    label: 'Attributes',
    href: '/admin/attributes',
    needs: 'attribute.read',
  },
  { group: 'People', id: 'scim', label: 'Provisioning', href: '/admin/scim', needs: 'scim_token.read' },
  {
    group: 'Apps',
    id: 'clients',
    label: 'Clients',
    href: '/admin/clients',
    needs: 'client.read',
    within: 'clients',
  },
  { group: 'Apps', id: 'resources', label: 'APIs', href: '/admin/resources', needs: 'resource.read' },
  { group: 'Apps', id: 'claims', label: 'Claims', href: '/admin/claims', needs: 'claim.read' },
  {
    group: 'Apps',
    id: 'registration',
    label: 'Registration',
    href: '/admin/registration',
    needs: 'registration_token.read',
  },
  {
    group: 'Apps',
    id: 'rejections',
    label: 'Refused requests',
    href: '/admin/rejections',
    needs: 'rejection.read',
  },
  {
    group: 'Sign-in',
    id: 'providers',
    label: 'Sign-in providers',
    href: '/admin/providers',
    needs: 'provider.read',
  },
  { group: 'Sign-in', id: 'hooks', label: 'Hooks', href: '/admin/hooks', needs: 'hook.read' },
  {
    group: 'Security',
    id: 'administrator_roles',
    label: 'Administrator roles',
    href: '/admin/administrator-roles',
    needs: 'administrator_role.read',
  },
  { group: 'Security', id: 'keys', label: 'Keys', href: '/admin/keys', needs: 'key.read' },
  { group: 'Security', id: 'audit', label: 'Audit log', href: '/admin/audit', needs: 'audit.read' },
  { group: 'Server', id: 'webhooks', label: 'Webhooks', href: '/admin/webhooks', needs: 'webhook.read' },
  {
    group: 'Server',
    id: 'configuration',
    label: 'Configuration',
    href: '/admin/configuration',
    needs: 'configuration.read',
  },
  { group: 'Server', id: 'branding', label: 'Branding', href: '/admin/branding', needs: 'branding.read' },
  { group: 'Server', id: 'languages', label: 'Languages', href: '/admin/languages', needs: 'texts.read' },
  { group: 'Server', id: 'settings', label: 'Settings', href: '/admin/settings', needs: 'settings.read' },
] as const satisfies readonly {
  group: string
  id: string
  label: string
  href: string
  /** The permission that shows it. */
  needs: Permission
  /** Roles with this limit see it, as far as they reach. */
  within?: Limit
}[]

/** A place of the navigation, or the search, which stands above it. */
export type Section = (typeof SECTIONS)[number]['id'] | 'search'

/** The permission that shows a place, and what that keeps to. */
export const isOpen = (
  authority: Authority,
  { needs, within }: { needs: Permission; within?: Limit },
): boolean => may(authority, needs, within)

/** Whether a place shows anything to an authority. */
export const isPlaceOpen = (authority: Authority, section: Section): boolean =>
  SECTIONS.some((each) => each.id === section && isOpen(authority, each))

/** What a place is called, in the language of the console. */
export const labelOf = ({ id, label }: { id: string; label: string }): string =>
  described(`admin.frame.section.${id}`, label)

/** What a place or the search is called. */
export function sectionLabel(section: Section): string {
  const place = SECTIONS.find(({ id }) => id === section)
  return place === undefined ? t('admin.common.search') : labelOf(place)
}

/** The texts of the navigation, for the check of catalogues. */
export const describedSections = (): Record<string, string> =>
  Object.fromEntries(
    SECTIONS.flatMap(({ id, label, group }) => [
      [`admin.frame.section.${id}`, label],
      ...(group ? [[`admin.frame.group.${group.toLowerCase()}`, group]] : []),
    ]),
  )
