import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import durations from './durations.json' with { type: 'json' }

const seconds: Readonly<Record<string, number>> = durations

/**
 * Files that start processes come first, then the others; of both the longest first, so that the workers end together. How long a file takes is read from `durations.json`, which `npm test -- --durations` writes; a file that is
 * not in it is a short one.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification): readonly [number, number] => [
      project.name === 'processes' ? 0 : 1,
      -(seconds[relative(project.config.root, moduleId)] ?? 0),
    ]
    return files
      .map((file) => ({ file, rank: rank(file) }))
      .sort((one, other) => one.rank[0] - other.rank[0] || one.rank[1] - other.rank[1])
      .map(({ file }) => file)
  }
}
