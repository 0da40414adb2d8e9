import { choice, every, words } from '../kinds.ts'
import type { Setting } from '../setting.ts'

const isOrganizationRole = (word: string): boolean => /^[a-z][a-z\d_-]{0,49}$/.test(word)

/** Organizations: what members may be, and what their managers do. */
export const organizationRows = {
  organization_roles: {
    section: 'organizations',
    guards: true,
    label: 'Roles of members',
    sentence:
      'What members of every organization may be; apps are told in `org_roles`. A role that is taken out counts for nothing at once.',
    see: 'organizations.md#roles',
    ...words({ problem: every(isOrganizationRole, 'admin.settings.must.organization_roles') }),
    fallback: ['admin', 'member'],
  },
  organization_manager_roles: {
    section: 'organizations',
    guards: true,
    label: 'Roles that manage',
    sentence:
      'Which of them manage members and invitations, on a page of their account. None: administrators alone do.',
    see: 'organizations.md#managers',
    ...words({ problem: every(isOrganizationRole, 'admin.settings.must.organization_roles') }),
    fallback: ['admin'],
  },
  manager_providers: {
    section: 'organizations',
    guards: true,
    label: 'Managers set up their sign-in provider',
    sentence:
      '`verified_domain`: who manages an organization that has verified a domain sets up an OpenID Connect provider for its people. Its addresses are reached as those of strangers are: none inside, but for `PRIVATE_HOSTS`. `off`: administrators alone set up providers; those of managers go on.',
    see: 'organizations.md#set-up-by-managers',
    ...choice(['off', 'verified_domain'], 'verified_domain'),
  },
} as const satisfies Record<string, Setting>
