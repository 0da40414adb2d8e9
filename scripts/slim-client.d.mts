export function renumber(graph: Buffer, by: number): Buffer
export function slimClient(folder: string): Promise<void>
