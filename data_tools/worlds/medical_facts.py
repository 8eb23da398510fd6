"""Tables of commonplace medical facts: one entity per line, cells divided by ``|``.

The last column, ``also``, lists further values that are true of the entity, so that a question never offers one of them
as a wrong answer. Everything is textbook knowledge, simplified to one typical value per relation; it is material for
training small models and no advice to anyone.
"""

from __future__ import annotations

DRUGS = """
name | class | indication | effect | also
lisinopril | ACE inhibitor | high blood pressure | dry cough | heart failure, high potassium
ramipril | ACE inhibitor | high blood pressure | dry cough | heart failure, high potassium
losartan | angiotensin blocker | high blood pressure | high potassium | heart failure
valsartan | angiotensin blocker | heart failure | high potassium | high blood pressure
amlodipine | calcium channel blocker | high blood pressure | ankle swelling | angina, flushing
verapamil | calcium channel blocker | irregular heartbeat | constipation | angina, high blood pressure,
  slow heart rate, ankle swelling
bisoprolol | beta blocker | heart failure | slow heart rate | high blood pressure, angina, irregular heartbeat,
  sexual dysfunction
atenolol | beta blocker | high blood pressure | slow heart rate | angina, irregular heartbeat, migraine,
  sexual dysfunction
timolol | beta blocker | glaucoma | slow heart rate | high blood pressure, angina, migraine
furosemide | loop diuretic | fluid overload | low potassium | heart failure, high blood pressure, low sodium,
  hearing loss, low magnesium
hydrochlorothiazide | thiazide diuretic | high blood pressure | low potassium | fluid overload, heart failure,
  low sodium, low magnesium, sun sensitivity
spironolactone | aldosterone blocker | heart failure | high potassium | fluid overload, high blood pressure,
  sexual dysfunction, low sodium
digoxin | cardiac glycoside | irregular heartbeat | slow heart rate | heart failure
amiodarone | antiarrhythmic | irregular heartbeat | lung scarring | slow heart rate, liver damage,
  sun sensitivity, nerve damage
glyceryl trinitrate | nitrate | angina | headache | heart failure, flushing
atorvastatin | statin | high cholesterol | muscle pain | liver damage, narrowed arteries
clopidogrel | antiplatelet drug | narrowed arteries | bleeding | angina
aspirin | antiplatelet drug | narrowed arteries | stomach ulcer | NSAID, bleeding, fever, joint pain, migraine,
  headache, angina, ringing in the ears
warfarin | anticoagulant | blood clots | bleeding |
heparin | anticoagulant | blood clots | bleeding | narrowed arteries, high potassium, angina
rivaroxaban | anticoagulant | blood clots | bleeding | narrowed arteries
metformin | biguanide | type 2 diabetes | lactic acidosis | metallic taste
gliclazide | sulfonylurea | type 2 diabetes | low blood sugar | weight gain
insulin glargine | long-acting insulin | type 1 diabetes | low blood sugar | weight gain, type 2 diabetes
empagliflozin | SGLT2 inhibitor | type 2 diabetes | genital thrush | heart failure
levothyroxine | thyroid hormone | underactive thyroid | palpitations | tremor
carbimazole | antithyroid drug | overactive thyroid | low white cells | skin rash, headache
prednisolone | corticosteroid | severe inflammation | weight gain | asthma, stomach ulcer, rheumatoid arthritis,
  ulcerative colitis, lupus, low potassium, transplant rejection
alendronate | bisphosphonate | osteoporosis | gullet ulcer | stomach ulcer, muscle pain
allopurinol | xanthine oxidase inhibitor | gout | skin rash | liver damage
salbutamol | beta-2 agonist | asthma | tremor | palpitations, low potassium, headache
beclometasone | inhaled corticosteroid | asthma | oral thrush |
ipratropium | antimuscarinic drug | chronic bronchitis | dry mouth | asthma, palpitations, headache
oxybutynin | antimuscarinic drug | overactive bladder | dry mouth | constipation, palpitations, flushing,
  drowsiness, headache
montelukast | leukotriene blocker | asthma | nightmares | hay fever, headache
omeprazole | proton pump inhibitor | acid reflux | low magnesium | stomach pain, headache, constipation
ondansetron | serotonin blocker | vomiting | constipation | headache, flushing
metoclopramide | dopamine blocker | vomiting | muscle spasms | drowsiness, acid reflux, migraine, tremor,
  muscle stiffness
amoxicillin | penicillin | chest infection | skin rash | oral thrush
flucloxacillin | penicillin | skin infection | skin rash | oral thrush, liver damage
cefalexin | cephalosporin | urinary infection | skin rash | chest infection, skin infection, genital thrush
ceftriaxone | cephalosporin | meningitis | skin rash | chest infection, urinary infection, blood poisoning,
  skin infection, genital thrush
doxycycline | tetracycline | acne | sun sensitivity | chest infection, malaria, gullet ulcer, skin infection,
  headache
gentamicin | aminoglycoside | blood poisoning | hearing loss | kidney damage, urinary infection, meningitis,
  ringing in the ears, low magnesium
ciprofloxacin | fluoroquinolone | urinary infection | tendon rupture | sun sensitivity, nerve damage,
  chest infection
vancomycin | glycopeptide | MRSA infection | flushing | kidney damage, hearing loss, skin rash, blood poisoning,
  meningitis, skin infection, low white cells
nitrofurantoin | nitrofuran | urinary infection | lung scarring | nerve damage, liver damage
isoniazid | antituberculous drug | tuberculosis | nerve damage | liver damage
rifampicin | rifamycin | tuberculosis | orange urine | liver damage, flushing, meningitis, antituberculous drug
ethambutol | antituberculous drug | tuberculosis | colour blindness | nerve damage
aciclovir | nucleoside antiviral | herpes | kidney damage | headache
zidovudine | nucleoside antiviral | HIV infection | anaemia | low white cells, headache, muscle pain
fluconazole | azole antifungal | yeast infection | liver damage | headache, meningitis
terbinafine | allylamine antifungal | fungal nail infection | loss of taste | skin rash, liver damage,
  skin infection
chloroquine | antimalarial | malaria | retinal damage | rheumatoid arthritis, lupus, ringing in the ears
quinine | antimalarial | malaria | ringing in the ears | hearing loss, low blood sugar, flushing, headache
ibuprofen | NSAID | joint pain | stomach ulcer | fever, bleeding, headache, migraine, rheumatoid arthritis,
  kidney damage, gout
naproxen | NSAID | joint pain | stomach ulcer | fever, bleeding, headache, migraine, rheumatoid arthritis,
  kidney damage, gout
paracetamol | simple painkiller | fever | liver damage | joint pain, migraine
morphine | opioid | severe pain | constipation | drowsiness, dry mouth, flushing
fentanyl | opioid | severe pain | constipation | drowsiness, dry mouth, slow heart rate, flushing
sumatriptan | triptan | migraine | chest tightness | flushing, palpitations
phenytoin | antiepileptic | epilepsy | gum overgrowth | irregular heartbeat, skin rash, liver damage, tremor,
  nerve damage, drowsiness
carbamazepine | antiepileptic | epilepsy | low sodium | bipolar disorder, skin rash, drowsiness, low white cells,
  liver damage
lamotrigine | antiepileptic | epilepsy | skin rash | bipolar disorder, tremor, drowsiness, headache
levodopa | dopamine precursor | Parkinson disease | involuntary movements | nightmares, drowsiness
donepezil | cholinesterase inhibitor | Alzheimer disease | slow heart rate | nightmares, headache, muscle spasms
fluoxetine | SSRI | depression | sexual dysfunction | anxiety, low sodium, bleeding, headache, tremor, dry mouth,
  nightmares
sertraline | SSRI | depression | sexual dysfunction | anxiety, low sodium, bleeding, headache, tremor, dry mouth,
  nightmares
amitriptyline | tricyclic antidepressant | depression | dry mouth | migraine, constipation, drowsiness,
  weight gain, sexual dysfunction, palpitations, nightmares
lithium | mood stabiliser | bipolar disorder | tremor | depression, underactive thyroid, weight gain, kidney damage
haloperidol | antipsychotic | schizophrenia | muscle stiffness | vomiting, muscle spasms, tremor, drowsiness,
  involuntary movements, bipolar disorder, sexual dysfunction
olanzapine | antipsychotic | schizophrenia | weight gain | bipolar disorder, drowsiness, muscle stiffness,
  involuntary movements, dry mouth, constipation, sexual dysfunction
clozapine | antipsychotic | schizophrenia | low white cells | weight gain, drowsiness, constipation,
  palpitations, heart damage
diazepam | benzodiazepine | anxiety | drowsiness | insomnia, epilepsy, muscle spasms
methotrexate | antimetabolite | rheumatoid arthritis | liver damage | lung scarring, low white cells, leukaemia,
  anaemia, kidney damage
ciclosporin | calcineurin inhibitor | transplant rejection | kidney damage | gum overgrowth, tremor,
  rheumatoid arthritis, high potassium, ulcerative colitis, low magnesium, muscle pain, headache
doxorubicin | anthracycline | cancer | heart damage | leukaemia, low white cells, breast cancer
tamoxifen | oestrogen blocker | breast cancer | hot flushes | blood clots, flushing, cancer
cisplatin | platinum drug | testicular cancer | kidney damage | hearing loss, nerve damage, cancer,
  ringing in the ears, low magnesium, low white cells, anaemia
vincristine | vinca alkaloid | leukaemia | nerve damage | cancer, constipation
finasteride | hormone blocker | enlarged prostate | sexual dysfunction |
tamsulosin | alpha blocker | enlarged prostate | dizziness | sexual dysfunction, headache
sildenafil | PDE5 inhibitor | erectile dysfunction | flushing | headache
cetirizine | antihistamine | hay fever | drowsiness | dry mouth, headache
latanoprost | prostaglandin analogue | glaucoma | darker iris |
ferrous sulfate | iron salt | iron deficiency | black stools | anaemia, constipation
"""

ORGANS = """
name | system | place | function | also
the heart | circulatory system | chest | pumps blood |
the aorta | circulatory system | chest | carries blood away from the heart | abdomen
the vena cava | circulatory system | chest | returns blood to the heart | abdomen
the carotid artery | circulatory system | neck | brings blood to the brain | head
the jugular vein | circulatory system | neck | drains blood from the head |
the lung | respiratory system | chest | takes up oxygen |
the trachea | respiratory system | neck | carries air to the lungs | chest
the larynx | respiratory system | neck | makes the voice |
the nose | respiratory system | head | warms the air | sensory system
the brain | nervous system | head | controls the body |
the cerebellum | nervous system | head | coordinates movement |
the spinal cord | nervous system | back | carries nerve signals | neck, controls the body
the sciatic nerve | nervous system | leg | moves the leg | carries nerve signals, pelvis
the retina | sensory system | head | detects light | nervous system
the cornea | sensory system | head | bends light into the eye |
the cochlea | sensory system | head | detects sound |
the hypothalamus | endocrine system | head | sets body temperature | nervous system, controls the body
the pituitary gland | endocrine system | head | directs other glands |
the pineal gland | endocrine system | head | releases melatonin |
the thyroid gland | endocrine system | neck | sets the metabolic rate |
the parathyroid gland | endocrine system | neck | raises blood calcium |
the adrenal gland | endocrine system | abdomen | releases cortisol |
the pancreas | digestive system | abdomen | releases insulin | endocrine system
the liver | digestive system | abdomen | makes bile |
the gallbladder | digestive system | abdomen | stores bile |
the stomach | digestive system | abdomen | mixes food with acid |
the small intestine | digestive system | abdomen | absorbs nutrients |
the large intestine | digestive system | abdomen | absorbs water |
the oesophagus | digestive system | chest | carries food to the stomach | neck
the kidney | urinary system | abdomen | filters blood | back
the ureter | urinary system | abdomen | carries urine to the bladder | pelvis
the bladder | urinary system | pelvis | stores urine |
the urethra | urinary system | pelvis | carries urine out of the body | reproductive system
the spleen | lymphatic system | abdomen | removes old red cells | filters blood
the thymus | lymphatic system | chest | trains T cells | endocrine system
the tonsil | lymphatic system | head | traps germs in the throat | neck
the uterus | reproductive system | pelvis | holds the unborn child |
the ovary | reproductive system | pelvis | releases egg cells | endocrine system
the prostate | reproductive system | pelvis | adds fluid to semen |
the skull | skeletal system | head | protects the brain |
the jawbone | skeletal system | head | holds the lower teeth |
the rib | skeletal system | chest | protects the lungs |
the spine | skeletal system | back | protects the spinal cord | neck
the kneecap | skeletal system | leg | protects the knee |
the biceps | muscular system | arm | bends the elbow |
the triceps | muscular system | arm | straightens the elbow |
the quadriceps | muscular system | leg | straightens the knee |
the hamstring | muscular system | leg | bends the knee |
the diaphragm | muscular system | chest | draws air into the lungs | respiratory system, abdomen
"""

LABS = """
name | range | unit | checks | also
sodium | 135 to 145 | mmol/L | salt balance | kidney function
potassium | 3.5 to 5.0 | mmol/L | salt balance | kidney function
bicarbonate | 22 to 28 | mmol/L | acid balance | salt balance, kidney function, breathing
calcium | 2.2 to 2.6 | mmol/L | bone health | kidney function, salt balance
magnesium | 0.7 to 1.0 | mmol/L | salt balance | kidney function
urea | 2.5 to 7.8 | mmol/L | kidney function |
creatinine | 60 to 110 | µmol/L | kidney function |
fasting glucose | 3.9 to 5.5 | mmol/L | blood sugar |
glycated haemoglobin | 20 to 42 | mmol/mol | blood sugar |
albumin | 35 to 50 | g/L | liver function | nutrition, kidney function
bilirubin | 3 to 20 | µmol/L | liver function |
alanine transaminase | 7 to 40 | U/L | liver function |
alkaline phosphatase | 30 to 130 | U/L | liver function | bone health
amylase | 30 to 110 | U/L | pancreas function |
haemoglobin | 120 to 170 | g/L | anaemia |
the mean cell volume | 80 to 100 | fL | anaemia |
ferritin | 20 to 300 | µg/L | iron stores | anaemia, inflammation
the white cell count | 4 to 11 | billion/L | infection | inflammation
the platelet count | 150 to 400 | billion/L | clotting | inflammation
the prothrombin time | 11 to 14 | seconds | clotting | liver function
C-reactive protein | 0 to 5 | mg/L | inflammation | infection
thyroid stimulating hormone | 0.4 to 4.0 | mU/L | thyroid function |
arterial carbon dioxide | 4.7 to 6.0 | kPa | breathing | acid balance
lactate | 0.5 to 2.0 | mmol/L | acid balance | infection
uric acid | 200 to 430 | µmol/L | gout risk | kidney function
the resting pulse | 60 to 100 | beats per minute | heart rhythm |
the breathing rate | 12 to 20 | breaths per minute | breathing |
"""

VITAMINS = """
name | chemical | deficiency | source | also
vitamin A | retinol | night blindness | liver | milk, eggs
vitamin B1 | thiamine | beriberi | whole grains | pork, beans, nerve damage, nuts, liver, leafy greens
vitamin B2 | riboflavin | cracked lips | milk | liver, eggs, leafy greens, whole grains
vitamin B3 | niacin | pellagra | peanuts | liver, nuts, whole grains, oily fish
vitamin B9 | folate | spina bifida in the baby | leafy greens | liver, beans, anaemia, citrus fruit, eggs,
  peanuts, nuts
vitamin B12 | cobalamin | pernicious anaemia | meat and eggs | liver, nerve damage, milk, oily fish
vitamin C | ascorbic acid | scurvy | citrus fruit | leafy greens
vitamin D | calciferol | rickets | oily fish | eggs, liver
vitamin E | tocopherol | brittle red cells | vegetable oil | nuts, nerve damage, leafy greens, peanuts, oily fish
vitamin K | phylloquinone | easy bleeding | leafy greens | liver, vegetable oil
"""

PATHOGENS = """
name | kind | disease | spread | also
Plasmodium falciparum | protozoan | malaria | mosquito bites |
Mycobacterium tuberculosis | bacterium | tuberculosis | coughed droplets |
Vibrio cholerae | bacterium | cholera | dirty water | spoiled food
Salmonella typhi | bacterium | typhoid fever | dirty water | spoiled food
Treponema pallidum | bacterium | syphilis | sexual contact |
Neisseria gonorrhoeae | bacterium | gonorrhoea | sexual contact |
Chlamydia trachomatis | bacterium | trachoma | close contact | sexual contact
Borrelia burgdorferi | bacterium | Lyme disease | tick bites |
Yersinia pestis | bacterium | plague | flea bites | coughed droplets
Rickettsia prowazekii | bacterium | epidemic typhus | body lice |
Clostridium tetani | bacterium | tetanus | dirty wounds |
Clostridium botulinum | bacterium | botulism | spoiled food | dirty wounds
Bordetella pertussis | bacterium | whooping cough | coughed droplets |
Corynebacterium diphtheriae | bacterium | diphtheria | coughed droplets |
Streptococcus pyogenes | bacterium | scarlet fever | coughed droplets | close contact
Neisseria meningitidis | bacterium | bacterial meningitis | coughed droplets | close contact
Bacillus anthracis | bacterium | anthrax | infected animals | dirty wounds, spoiled food
Brucella melitensis | bacterium | brucellosis | raw milk | infected animals
varicella zoster virus | virus | chickenpox | coughed droplets | close contact
rhinovirus | virus | common cold | coughed droplets | close contact
variola virus | virus | smallpox | coughed droplets | close contact
Epstein-Barr virus | virus | glandular fever | saliva | close contact
herpes simplex virus | virus | cold sores | close contact | saliva, sexual contact
human papillomavirus | virus | warts | close contact | sexual contact
Candida albicans | fungus | thrush | close contact | sexual contact
Trichophyton rubrum | fungus | athlete's foot | wet floors | close contact
Trypanosoma brucei | protozoan | sleeping sickness | tsetse flies |
Trypanosoma cruzi | protozoan | Chagas disease | kissing bugs |
Giardia lamblia | protozoan | giardiasis | dirty water | close contact, spoiled food
Entamoeba histolytica | protozoan | amoebic dysentery | dirty water | spoiled food, sexual contact
Schistosoma mansoni | worm | bilharzia | dirty water |
Wuchereria bancrofti | worm | elephantiasis | mosquito bites |
Taenia solium | worm | cysticercosis | raw pork | spoiled food, dirty water
"""
