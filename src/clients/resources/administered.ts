import type { Page, PageRequest } from '../../shared/paging.ts'
import type { ResourceCredentials } from './credentials.ts'
import { type Resource, resourceVersion } from './resource.ts'
import type { Resources } from './resources.ts'

export type VersionedResource = Resource & {
  /** Another one after every change. */
  version: string
}

type Warned<Known> = Known & {
  /** What to know of its scopes; absent: nothing. */
  warnings?: string[]
}

/** The registered APIs as they are administered: each with its version, and with what is odd about its scopes. */
export interface AdministeredResources {
  /** Newest first. @throws AppError invalid_page (400) */
  list(page?: PageRequest): Promise<Page<Resource>>
  /** @throws ValidationError (invalid_resource, every problem at once) · AppError resource_exists (409) */
  add(input: Readonly<Record<string, unknown>>): Promise<Warned<Resource>>
  find(identifier: string): Promise<VersionedResource | undefined>
  /**
   * Changes the given fields; null unsets one.
   * @throws ValidationError (invalid_resource) · AppError resource_not_found (404), version_conflict (409) when it is
   *   not as it was at `ifVersion`
   */
  update(
    identifier: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: string | undefined },
  ): Promise<Warned<VersionedResource>>
  /** @throws AppError resource_not_found (404), version_conflict (409) when it is not as it was at `ifVersion` */
  remove(identifier: string, given?: { ifVersion?: string | undefined }): Promise<void>
  warningsOf(resource: Pick<Resource, 'identifier' | 'scope'>): Promise<string[]>
  credentials: Pick<ResourceCredentials, 'list' | 'add' | 'remove'>
}

const versioned = (resource: Resource): VersionedResource => ({
  ...resource,
  version: resourceVersion(resource),
})

export function administeredResources(
  resources: Resources,
  credentials: ResourceCredentials,
): AdministeredResources {
  const warned = async <Known extends Resource>(resource: Known) => {
    const warnings = await resources.warningsOf(resource)
    return { ...resource, ...(warnings.length > 0 && { warnings }) }
  }
  return {
    list: resources.list,
    add: async (input) => warned(await resources.add(input)),
    remove: resources.remove,
    credentials,
    update: async (identifier, changes, given) =>
      warned(versioned(await resources.update(identifier, changes, given))),
    async find(identifier) {
      const found = await resources.get(identifier)
      return found && versioned(found)
    },
    warningsOf: resources.warningsOf,
  }
}
