import { type Resource, resourceVersion } from '../clients/resources.ts'
import type { Services } from '../services.ts'

const versioned = (resource: Resource) => ({ ...resource, version: resourceVersion(resource) })

/** The APIs as console and REST administer them: the service, with the version of each, by the names of its other answers. */
export function apisOf({
  resources,
  resourceCredentials: credentials,
}: Pick<Services, 'resources' | 'resourceCredentials'>) {
  const warned = async <Known extends Resource>(resource: Known) => {
    const warnings = await resources.warningsOf(resource)
    return { ...resource, ...(warnings.length > 0 && { warnings }) }
  }
  return {
    list: resources.list,
    add: async (...input: Parameters<typeof resources.add>) => warned(await resources.add(...input)),
    remove: resources.remove,
    credentials: { list: credentials.list, add: credentials.add, remove: credentials.remove },
    update: async (...change: Parameters<typeof resources.update>) =>
      warned(versioned(await resources.update(...change))),
    async find(identifier: string) {
      const found = await resources.get(identifier)
      return found && versioned(found)
    },
    warningsOf: resources.warningsOf,
  }
}
