/** Brands as a configuration file describes them: each names whose it is. Pictures stand there by their address; console, REST and command line upload them. */
import { AppError } from '../shared/errors.ts'
import { t } from '../shared/locales/texts.ts'
import { ValidationError } from '../shared/validation-error.ts'
import type { Branding } from './branding.ts'
import type { BrandOwner } from './document.ts'
import { parseBrand } from './fields.ts'

type Fields = Readonly<Record<string, unknown>>

/** `server`, `organization/{short name}`, `client/{key or client_id}` */
const OF = /^(?:server|organization\/[\w-]{1,100}|client\/\S{1,300})$/
const wrongOf = () => new ValidationError([{ field: 'of', message: t('admin.configuration.problem.of') }])

/** How a file names owners. */
interface Names {
  /** @throws AppError for what is not there */
  nameOf(owner: BrandOwner & { id: string }): Promise<string>
  /** The id of what a file names. @throws AppError for what is not there */
  idOf(kind: 'client' | 'organization', name: string): Promise<string>
}

/** What a configuration does with brands. */
export function createBrandingConfiguration(branding: Pick<Branding, 'get' | 'set' | 'list'>, names: Names) {
  async function ownerOf(of: string): Promise<BrandOwner> {
    const [, kind, name = ''] = /^(client|organization)\/(.*)$/.exec(of) ?? []
    if (kind !== 'client' && kind !== 'organization') return { kind: 'server' }
    return { kind, id: await names.idOf(kind, name) }
  }
  const withOf = async (owner: BrandOwner): Promise<string> =>
    owner.kind === 'server'
      ? 'server'
      : `${owner.kind}/${await names.nameOf(owner as BrandOwner & { id: string })}`

  return {
    /** @throws ValidationError (422) with every problem at once */
    complete({ of, ...fields }: Fields): Fields {
      const named = typeof of === 'string' && OF.test(of)
      try {
        const brand = parseBrand(fields)
        if (!named) throw wrongOf()
        return { of, ...brand }
      } catch (error) {
        if (
          named ||
          !(error instanceof ValidationError) ||
          error.problems.some(({ field }) => field === 'of')
        )
          throw error
        throw new ValidationError([...wrongOf().problems, ...error.problems])
      }
    },
    async list(): Promise<Fields[]> {
      const found: Fields[] = []
      for (const { owner, brand } of await branding.list()) {
        try {
          found.push({ of: await withOf(owner), ...brand })
        } catch (error) {
          // Its owner is gone, and it is about to go.
          if (!(error instanceof AppError) || error.status !== 404) throw error
        }
      }
      return found
    },
    async add({ of, ...fields }: Fields) {
      return branding.set(await ownerOf(String(of)), fields)
    },
    async update(of: string, { of: _, ...changes }: Fields) {
      const owner = await ownerOf(of)
      const { brand, version } = await branding.get(owner)
      return branding.set(owner, { ...brand, ...changes }, { ifVersion: version })
    },
    remove: async (of: string) => branding.set(await ownerOf(of), {}),
  }
}
