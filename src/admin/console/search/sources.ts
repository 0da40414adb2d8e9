// What the search of the console looks through. Each source asks its service twice: what is exactly called so, and what has the
// text in it; both by statements that end when they have enough.
import type { Access } from '../../../access/access.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Audit } from '../../../audit/audit.ts'
import type { Clients } from '../../../clients/clients.ts'
import type { Resources } from '../../../clients/resources/resources.ts'
import type { Providers } from '../../../federation/providers/providers.ts'
import type { Organizations } from '../../../organizations/organizations.ts'
import type { Rejections } from '../../../rejections/rejections.ts'
import { AppError } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { secondOf } from '../../../shared/moment.ts'
import { withinLimits } from '../../access.ts'
import { withQuery } from '../page-links.ts'
import type { Section } from '../sections.ts'

export interface SearchDependencies {
  found: {
    users: Pick<Accounts, 'search'>
    clients: Pick<Clients, 'get' | 'list'>
    resources: Pick<Resources, 'get' | 'search'>
    groups: Pick<Access['groups'], 'find' | 'list'>
    roles: Pick<Access['roles'], 'find' | 'list'>
    organizations: Pick<Organizations, 'find' | 'list'>
    providers: Pick<Providers, 'list'>
    rejections: Pick<Rejections, 'get'>
    audit: Pick<Audit, 'find'>
  }
  auditSentence(action: string, target: string | undefined): string
}

/** One thing that was found. */
export interface Hit {
  href: string
  name: string
  /** What tells it from others of its name. */
  detail?: string | undefined
}

export interface Source {
  /** Its place in the navigation. */
  section: Section
  /** What bears exactly this name, address or identifier. */
  exactly(text: string): Promise<Hit[]>
  /** What has the text in it, one more than is shown. Undefined: its things are found by their exact name alone. */
  partly?(text: string, limit: number): Promise<Hit[]>
  /** The list of everything that has the text. */
  all?(text: string): string
}

/** What a service finds; nothing where it says that there is no such thing. */
async function orNothing<Found>(found: Promise<Found>): Promise<Found[]> {
  try {
    return [await found]
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return []
    throw error
  }
}

const same = (one: string | null | undefined, other: string): boolean =>
  one?.toLowerCase() === other.toLowerCase()

const part = encodeURIComponent

/** In the order of the page. */
export function sourcesOf({ found, auditSentence }: SearchDependencies): readonly Source[] {
  const { users, clients, resources, groups, roles, organizations, providers, rejections, audit } = found

  const usersWith = async (search: string, limit: number) =>
    (await users.search({ search, limit, ...withinLimits.users() })).items
  const userHit = (user: Awaited<ReturnType<typeof usersWith>>[number]): Hit => ({
    href: `/admin/users/${user.id}`,
    name: user.displayUsername,
    detail: [[user.givenName, user.familyName].filter(Boolean).join(' '), user.email ?? user.pendingEmail]
      .filter(Boolean)
      .join(' · '),
  })
  const clientHit = ({ client_id, client_name }: { client_id: string; client_name: string }): Hit => ({
    href: `/admin/clients/${part(client_id)}`,
    name: client_name,
    detail: client_id,
  })
  const apiHit = ({ identifier, name }: { identifier: string; name: string }): Hit => ({
    href: withQuery('/admin/resources/api', { identifier }),
    name,
    detail: identifier,
  })
  const groupHit = ({
    id,
    name,
    description,
  }: {
    id: string
    name: string
    description?: string | null
  }) => ({
    href: `/admin/groups/${id}`,
    name,
    detail: description ?? undefined,
  })
  const roleHit = ({ id, name, resource }: { id: string; name: string; resource?: string | null }) => ({
    href: `/admin/roles/${id}`,
    name,
    detail: resource ?? t('admin.search.no_api'),
  })
  const organizationHit = ({ id, name, slug }: { id: string; name: string; slug: string }): Hit => ({
    href: `/admin/organizations/${id}`,
    name,
    detail: slug,
  })

  const providerHit = ({ id, name }: { id: string; name: string }): Hit => ({
    href: `/admin/providers/${part(id)}`,
    name,
    detail: id,
  })

  return [
    {
      section: 'users',
      // The search of accounts puts these first, by their indexes.
      exactly: async (text) =>
        (await usersWith(text, 3))
          .filter(({ id, displayUsername, email, pendingEmail }) =>
            [id, displayUsername, email, pendingEmail].some((each) => same(each, text)),
          )
          .map(userHit),
      partly: async (text, limit) => (await usersWith(text, limit)).map(userHit),
      all: (search) => withQuery('/admin/users', { search }),
    },
    {
      section: 'clients',
      async exactly(text) {
        const { only } = withinLimits.clients()
        return only?.includes(text) === false ? [] : (await orNothing(clients.get(text))).map(clientHit)
      },
      partly: async (search, limit) =>
        (await clients.list({ search, limit, ...withinLimits.clients() })).items.map(clientHit),
      all: (q) => withQuery('/admin/clients', { q }),
    },
    {
      section: 'resources',
      exactly: async (text) => [await resources.get(text)].filter((each) => each !== undefined).map(apiHit),
      partly: async (text, limit) => (await resources.search(text, limit)).map(apiHit),
    },
    {
      section: 'groups',
      exactly: async (text) => (await orNothing(groups.find(text))).map(groupHit),
      partly: async (search, limit) => (await groups.list({ search, limit })).items.map(groupHit),
      all: (search) => withQuery('/admin/groups', { search }),
    },
    {
      section: 'roles',
      exactly: async (text) => (await roles.find(text)).map(roleHit),
      partly: async (search, limit) => (await roles.list({ search, limit })).items.map(roleHit),
      all: (search) => withQuery('/admin/roles', { search }),
    },
    {
      section: 'organizations',
      async exactly(text) {
        const { only } = withinLimits.organizations()
        const found = await orNothing(organizations.find(text))
        return found.filter(({ id }) => only === undefined || id === only).map(organizationHit)
      },
      partly: async (search, limit) =>
        (await organizations.list({ search, limit, ...withinLimits.organizations() })).items.map(
          organizationHit,
        ),
      all: (search) => withQuery('/admin/organizations', { search }),
    },
    {
      section: 'providers',
      // A server has a few of them, and all are read for the sign-in page anyway.
      exactly: async (text) =>
        (await providers.list())
          .filter(({ id, name }) => same(id, text) || same(name, text))
          .map(providerHit),
      partly: async (text, limit) =>
        (await providers.list())
          .filter(({ id, name }) =>
            [id, name].some((each) => each.toLowerCase().includes(text.toLowerCase())),
          )
          .slice(0, limit)
          .map(providerHit),
      all: () => '/admin/providers',
    },
    {
      section: 'rejections',
      exactly: async (text) =>
        (await orNothing(rejections.get(text))).map(({ id, error, at }) => ({
          href: `/admin/rejections/${part(id)}`,
          name: t('admin.search.rejection', { error }),
          detail: `${secondOf(at)} · ${id}`,
        })),
    },
    {
      section: 'audit',
      // “#42”, or the number alone.
      async exactly(text) {
        const [, number] = /^#?(\d{1,9})$/.exec(text) ?? []
        const entry = number === undefined ? undefined : await audit.find(Number(number))
        if (entry === undefined) return []
        return [
          {
            href: `/admin/audit/${entry.seq}`,
            name: t('admin.search.entry', {
              seq: String(entry.seq),
              did: auditSentence(entry.action, entry.target?.name),
            }),
            detail: secondOf(entry.at),
          },
        ]
      },
    },
  ]
}
