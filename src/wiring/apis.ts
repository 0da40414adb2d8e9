import { type Resource, resourceVersion } from '../clients/resources.ts'
import type { Services } from '../services.ts'

const versioned = (resource: Resource) => ({ ...resource, version: resourceVersion(resource) })

/** The APIs as console and REST administer them: the service, with the version of each, by the names of its other answers. */
export const apisOf = ({ resources }: Pick<Services, 'resources'>) => ({
  list: resources.list,
  add: resources.add,
  remove: resources.remove,
  update: async (...change: Parameters<typeof resources.update>) =>
    versioned(await resources.update(...change)),
  async find(identifier: string) {
    const found = await resources.findForProtocol(identifier)
    if (found === undefined) return undefined
    const { accessTokenTtl, ...resource } = found
    return versioned({ ...resource, ...(accessTokenTtl !== null && { access_token_ttl: accessTokenTtl }) })
  },
})
