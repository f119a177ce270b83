"""The rows of the user's specification: MACs and parameters of models of torchvision, as it prints them."""

import re

# From "Results of Recent Models". There the two column titles are swapped: what is headed "Params" are the MACs. Also
# swapped are the rows wide_resnet50_2 and wide_resnet101_2. Here both stand right.
# Inputs are 1x3x224x224, inception_v3's 1x3x299x299.
MODELS = """
alexnet             714.22 M   61.10 M
vgg11                 7.61 G  132.86 M
vgg11_bn              7.64 G  132.87 M
vgg13                11.31 G  133.05 M
vgg13_bn             11.36 G  133.06 M
vgg16                15.47 G  138.36 M
vgg16_bn             15.52 G  138.37 M
vgg19                19.63 G  143.67 M
vgg19_bn             19.69 G  143.69 M
resnet18              1.82 G   11.70 M
resnet34              3.68 G   21.81 M
resnet50              4.13 G   25.61 M
resnet101             7.87 G   44.65 M
resnet152            11.60 G   60.34 M
wide_resnet101_2     22.84 G  127.02 M
wide_resnet50_2      11.46 G   68.95 M
resnext50_32x4d       4.29 G   25.10 M
resnext101_32x8d     16.54 G   88.99 M
densenet121           2.90 G    8.06 M
densenet161           7.85 G   28.90 M
densenet169           3.44 G   14.31 M
densenet201           4.39 G   20.24 M
googlenet             1.51 G    6.64 M
inception_v3          5.75 G   23.87 M
squeezenet1_0       818.93 M    1.25 M
squeezenet1_1       349.16 M    1.24 M
mobilenet_v2        327.49 M    3.54 M
mobilenet_v3_small   62.17 M    2.55 M
mobilenet_v3_large  234.21 M    5.51 M
shufflenet_v2_x0_5   44.57 M    1.37 M
shufflenet_v2_x1_0  152.71 M    2.29 M
mnasnet0_5          116.72 M    2.24 M
mnasnet1_0          336.24 M    4.42 M
"""

ROWS = [re.split(r"  +", line) for line in MODELS.split("\n") if line]
