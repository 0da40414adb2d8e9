import { describeResource, type Resource, resourceVersion } from '../clients/resources.ts'
import type { Services } from '../services.ts'

const versioned = (resource: Resource) => ({ ...resource, version: resourceVersion(resource) })

/** The APIs as console and REST administer them: the service, with the version of each, by the names of its other answers. */
export const apisOf = ({
  resources,
  resourceCredentials: credentials,
}: Pick<Services, 'resources' | 'resourceCredentials'>) => ({
  list: resources.list,
  add: resources.add,
  remove: resources.remove,
  credentials: { list: credentials.list, add: credentials.add, remove: credentials.remove },
  update: async (...change: Parameters<typeof resources.update>) =>
    versioned(await resources.update(...change)),
  async find(identifier: string) {
    const found = await resources.findForProtocol(identifier)
    return found && versioned(describeResource(found))
  },
})
