/**
 * Scopes of this server's own API among those of registered ones. They cannot be registered now, and could once: then a client that
 * may use the one may use the other.
 */
export interface ReservedScopes {
  /** Registered APIs with such scopes. Not empty: the server does not start. */
  resources: { identifier: string; scopes: string[] }[]
  /** Clients that may ask for them, whichever of the two was meant. */
  clients: { client_id: string; client_name: string; scopes: string[] }[]
}

interface Named {
  scope?: string | undefined
}

/** Of the entries those with such scopes, named. */
function having<Entry extends Named, Shown extends object>(
  entries: readonly Entry[],
  reserved: ReadonlySet<string>,
  show: (entry: Entry) => Shown,
): (Shown & { scopes: string[] })[] {
  return entries.flatMap((entry) => {
    const scopes = (entry.scope ?? '').split(' ').filter((scope) => reserved.has(scope))
    return scopes.length > 0 ? [{ ...show(entry), scopes }] : []
  })
}

/** @param reserved the scopes of the server's own API */
export async function findReservedScopes(
  reserved: readonly string[],
  found: {
    resources(scope: string): Promise<{ identifier: string; scope: string }[]>
    clients(scope: string): Promise<{ client_id: string; client_name: string; scope?: string | undefined }[]>
  },
): Promise<ReservedScopes> {
  const names = new Set(reserved)
  const all = async <Entry>(of: (scope: string) => Promise<Entry[]>, id: (entry: Entry) => string) => {
    const lists = await Promise.all(reserved.map(of))
    return [...new Map(lists.flat().map((entry) => [id(entry), entry])).values()]
  }
  const resources = await all(found.resources, ({ identifier }) => identifier)
  const clients = await all(found.clients, ({ client_id }) => client_id)
  return {
    resources: having(resources, names, ({ identifier }) => ({ identifier })),
    clients: having(clients, names, ({ client_id, client_name }) => ({ client_id, client_name })),
  }
}

/** The command line, as it is called in this folder. */
const LATCHKEY = 'npm run -s latchkey --'

/** What is wrong in one sentence, then the ways out; undefined: nothing. */
export function reservedScopesProblem({ resources, clients }: ReservedScopes): string[] | undefined {
  if (resources.length === 0) return undefined
  const apis = resources.map(({ identifier, scopes }) => `${identifier} (${scopes.join(' ')})`).join(', ')
  const holders = clients.map(({ client_id, client_name }) => `${client_name} (${client_id})`).join(', ')
  return [
    `scopes of the administration API are also those of a registered API, and whoever may use the one could use the other: ${apis}`,
    ...resources.map(
      ({ identifier }) =>
        `Run: ${LATCHKEY} resources remove ${identifier} and then ${LATCHKEY} resources add --identifier ${identifier} --scope "…" with other names; or apply a configuration file that has them.`,
    ),
    ...(holders === ''
      ? []
      : [
          `Then these clients may administer this server, unless you take the scopes from them by ${LATCHKEY} clients update ID --scope "…": ${holders}.`,
        ]),
  ]
}

/** Scopes that an API could have once, and that are about a person by now (src/shared/identity-scopes.ts). */
const TAKEN_SINCE = ['groups', 'roles'] as const

/**
 * What an administrator should know of APIs from before `groups` and `roles` were scopes of this server: an app that asks for one is
 * told of the person, and gets nothing at the API. A sentence an API, with the way out; empty: there is none.
 */
export async function takenScopesWarnings(
  listByScope: (scope: string) => Promise<{ identifier: string; scope: string }[]>,
): Promise<{ problem: string; remedy: string }[]> {
  const found = (await Promise.all(TAKEN_SINCE.map(listByScope))).flat()
  return [...new Map(found.map((api) => [api.identifier, api])).values()].map(({ identifier, scope }) => {
    const isTaken = (each: string) => TAKEN_SINCE.some((taken) => taken === each)
    const all = scope.split(' ')
    const renamed = all.map((each) => (isTaken(each) ? `${each}:read` : each))
    return {
      problem: `the API ${identifier} has ${all.filter(isTaken).join(' and ')} as a scope, which is of this server now: apps that ask for it get nothing at the API`,
      remedy: `Give it another name: ${LATCHKEY} resources update ${identifier} --scope "${renamed.join(' ')}", and to the apps that use it: ${LATCHKEY} clients update ID --scope "…"`,
    }
  })
}
