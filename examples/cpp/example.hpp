// What the programs of this folder share: the pictures that they write.
#ifndef NCSN_EXAMPLE_HPP
#define NCSN_EXAMPLE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

// Writes a binary PGM of gray pictures in rows of `columns`, with a gap of two pixels.
inline void write_pgm(const std::string &path, const std::vector<std::uint8_t> &pixels, std::size_t columns,
                      std::size_t height, std::size_t width)
{
    constexpr std::size_t gap = 2;
    const std::size_t count = pixels.size() / (height * width);
    const std::size_t rows = (count + columns - 1) / columns;
    const std::size_t grid_width = columns * (width + gap) + gap;
    const std::size_t grid_height = rows * (height + gap) + gap;
    std::vector<char> grid(grid_width * grid_height);
    for (std::size_t row = 0; row < count * height; row++) {
        const std::size_t k = row / height;
        const std::size_t y = k / columns * (height + gap) + gap + row % height;
        const std::size_t x = k % columns * (width + gap) + gap;
        std::copy_n(pixels.data() + row * width, width, grid.data() + y * grid_width + x);
    }
    std::ofstream file(path, std::ios::binary);
    file << "P5\n" << grid_width << ' ' << grid_height << "\n255\n";
    file.write(grid.data(), static_cast<std::streamsize>(grid.size()));
    if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

#endif
