import type { Services } from '../services.ts'

/** The APIs as console and REST administer them: the service, and reading one in the names of its other answers. */
export const apisOf = ({ resources }: Pick<Services, 'resources'>) => ({
  list: resources.list,
  add: resources.add,
  update: resources.update,
  remove: resources.remove,
  async find(identifier: string) {
    const found = await resources.findForProtocol(identifier)
    if (found === undefined) return undefined
    const { accessTokenTtl, ...resource } = found
    return { ...resource, ...(accessTokenTtl !== null && { access_token_ttl: accessTokenTtl }) }
  },
})
